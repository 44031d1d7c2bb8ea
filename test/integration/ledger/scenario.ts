import { createConnection } from 'mysql2/promise'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { directoryStorage, mysqldump, PitrError, RecoveryImageManager } from '../../../src/index.ts'
import type { RecoveryImage, Server } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { positionCompare, readOrder } from '../../support/oracle/index.ts'
import type { LoggedTransaction } from '../../support/oracle/index.ts'
import { startServer } from '../../support/servers/index.ts'
import type { Flavor, TestServer } from '../../support/servers/index.ts'
import { LABEL_TABLES, startLoad } from '../../support/workload/index.ts'
import type { Ledger, Load, NonTransactional } from '../../support/workload/index.ts'

/** An archive that was filled under load, and the truth about it. */
export interface Scenario extends AsyncDisposable {
  readonly source: TestServer
  readonly manager: RecoveryImageManager
  /** The images in the order they were taken. */
  readonly images: readonly RecoveryImage[]
  /** Every transaction of the source, as the vendor's program prints them. */
  readonly order: readonly LoggedTransaction[]
  readonly ledger: Ledger
}

// With GTIDs, MySQL refuses changes to such tables inside of a transaction.
const NON_TRANSACTIONAL: Readonly<Record<Flavor, NonTransactional>> = {
  mysql: { engines: ['MyISAM'], mixes: false },
  mariadb: { engines: ['MyISAM', 'Aria'], mixes: true },
}

/** Backups, archive passes and rotations in the middle of a load; `stage` steps are committed between two of them. */
export async function runScenario(flavor: Flavor, stage: number, seed: number): Promise<Scenario> {
  await using undo = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-ledger-'))
  undo.defer(async () => await rm(folder, { recursive: true, force: true }))
  const source = undo.use(await startServer(flavor))
  const manager = undo.use(await RecoveryImageManager.create({ storage: directoryStorage(folder) }))
  await using server = await connect(source)

  const { ledger, images } = await writeHistory(source, server, manager, { stage, seed })
  const order = await readOrder(source, LABEL_TABLES)
  const kept = undo.move()
  return { source, manager, images, order, ledger, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
}

async function writeHistory(
  source: TestServer,
  server: Server,
  manager: RecoveryImageManager,
  { stage, seed }: { readonly stage: number; readonly seed: number },
): Promise<{ ledger: Ledger; images: RecoveryImage[] }> {
  await using load = await startLoad(source.connection, { seed })
  await load.more(stage)
  const images = [await takeBackup(manager, server, 'snapshot')]
  // From here on a backup needs a lock.
  load.allow(NON_TRANSACTIONAL[source.flavor])
  await growAndRotate(load, source, stage)
  await manager.archive(server)
  await growAndRotate(load, source, stage)
  images.push(await takeBackup(manager, server, 'lock'))
  await load.more(stage)
  await manager.archive(server)
  await growAndRotate(load, source, stage)
  images.push(await takeBackup(manager, server, 'lock'))
  await growAndRotate(load, source, stage)
  await load.stop()
  // Until the second of the last commit is over: MariaDB's log cannot tell its commits apart.
  await sleep(1100)
  await manager.archive(server)
  return { ledger: load.ledger, images }
}

// Definitions change all the time here. A backup that meets one before it could hold them back is refused, and its
// caller does what the hint says.
async function takeBackup(
  manager: RecoveryImageManager,
  server: Server,
  consistency: 'snapshot' | 'lock',
): Promise<RecoveryImage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await manager.backup(server, { method: mysqldump({ consistency }) })
    } catch (error) {
      if (!(error instanceof PitrError) || error.code !== 'DdlDuringBackup' || attempt === 10) throw error
    }
  }
}

async function growAndRotate(load: Load, source: TestServer, stage: number): Promise<void> {
  await load.more(stage / 2)
  const client = await createConnection({ ...source.connection })
  await client.query('FLUSH BINARY LOGS')
  await client.end()
  await load.more(stage / 2)
}

/** How many transactions of the log an image holds. */
export function countBefore({ order }: Scenario, { position }: RecoveryImage): number {
  return order.filter(({ file, end }) => positionCompare({ file, offset: end }, position) <= 0).length
}
