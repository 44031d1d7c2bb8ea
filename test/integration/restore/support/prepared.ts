import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../../src/index.ts'
import type { RestorePlan } from '../../../../src/index.ts'
import { connect } from '../../../support/connect.ts'
import { flavor } from '../../../support/flavor.ts'
import { startServer } from '../../../support/servers/index.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { AFTER_BACKUP, BEFORE_BACKUP } from './history.ts'
import { run } from './query.ts'

/** A source with history in three binlog files, its archive, and the plan for all of it. */
export interface Prepared extends AsyncDisposable {
  readonly source: TestServer
  readonly folder: string
  readonly manager: RecoveryImageManager
  readonly plan: RestorePlan
}

/** What is prepared. */
export interface Preparation {
  /** Options of the source. */
  readonly options?: readonly string[]
  /** The time zone of its system. @default that of this process */
  readonly timeZone?: string
  /** Databases the backup holds. @default all */
  readonly databases?: readonly string[]
  /** @default 'snapshot' */
  readonly consistency?: 'snapshot' | 'lock'
  /** What is done before the backup. @default {@link BEFORE_BACKUP} */
  readonly before?: readonly string[]
  /** What the log holds behind it. @default {@link AFTER_BACKUP} */
  readonly after?: readonly string[]
}

/** Makes it. */
export async function prepare(what: Preparation = {}): Promise<Prepared> {
  const { options = [], timeZone, databases, consistency, before = BEFORE_BACKUP, after = AFTER_BACKUP } = what
  const folder = join(await mkdtemp(join(tmpdir(), 'restore-test-')), 'archive')
  const source = await startServer(flavor, { options, timeZone })
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  await using server = await connect(source)
  await run(source, before)
  await manager.backup(server, { method: mysqldump({ databases, consistency }) })
  await run(source, after)
  await manager.archive(server)
  return {
    source,
    folder,
    manager,
    plan: await manager.plan({ kind: 'latest' }),
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]()
      await rm(join(folder, '..'), { recursive: true, force: true })
    },
  }
}
