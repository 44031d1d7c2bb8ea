import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../src/index.ts'
import type { BinlogPosition, RestorePlan } from '../../src/index.ts'
import { connect } from '../../test/support/connect.ts'
import { startServer } from '../../test/support/servers/index.ts'
import type { Flavor, TestServer } from '../../test/support/servers/index.ts'
import type { Workload } from './workloads.ts'

/** A source with a base backup and a log behind it, which every way of replaying starts from. */
export interface Contest extends AsyncDisposable {
  readonly source: TestServer
  readonly manager: RecoveryImageManager
  /** Restores the base, and nothing of the log. */
  readonly base: RestorePlan
  /** Restores all of the log. */
  readonly all: RestorePlan
  /** Where the log behind the base begins. */
  readonly start: BinlogPosition
  /** The source's own binlog files from there on. */
  readonly files: readonly string[]
}

/** Runs the workload on a new source. */
export async function prepareContest(flavor: Flavor, workload: Workload, transactions: number): Promise<Contest> {
  await using undo = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-replay-'))
  undo.defer(async () => await rm(folder, { recursive: true, force: true }))
  const source = undo.use(await startServer(flavor, { options: ['--max-binlog-size=1G'] }))
  const { dataDirectory } = source
  if (dataDirectory === undefined) throw new Error('this benchmark needs a server whose files are on this machine')
  await workload.prepare(source)
  await using server = await connect(source)
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(join(folder, 'archive')) })
  await manager.backup(server, { method: mysqldump() })
  await workload.run(source, transactions)
  await manager.archive(server)
  const start = [...(await manager.images())][0]!.position
  const names = (await readdir(dataDirectory)).filter((name) => /^binlog\.\d+$/.test(name) && name >= start.file)
  const kept = undo.move()
  return {
    source,
    manager,
    start,
    base: await manager.plan({ kind: 'position', at: start }),
    all: await manager.plan({ kind: 'latest' }),
    files: names.toSorted().map((name) => join(dataDirectory, name)),
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}
