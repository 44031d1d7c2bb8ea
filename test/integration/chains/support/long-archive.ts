import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../../src/index.ts'
import type { FoundTransaction, RestoreTarget, Server } from '../../../../src/index.ts'
import { linkedCopy } from '../../../support/damage.ts'
import { connect } from '../../../support/connect.ts'
import { flavor } from '../../../support/flavor.ts'
import { startServer } from '../../../support/servers/index.ts'
import type { TestServer } from '../../../support/servers/index.ts'

/** An archive of several images, binlog files and segments, and targets in all of its parts. */
export interface LongArchive extends AsyncDisposable {
  readonly source: TestServer
  /** The archive's folder. */
  readonly folder: string
  /** A copy of the archive from before its last pass. */
  readonly earlier: string
  /** A folder for copies, on the same file system. */
  readonly scratch: string
  readonly targets: readonly RestoreTarget[]
}

/** Makes one: three images, and segments that begin and end everywhere, also in the middle of a file. */
export async function makeLongArchive(): Promise<LongArchive> {
  await using undo = new AsyncDisposableStack()
  const scratch = await mkdtemp(join(tmpdir(), 'mysql-pitr-chains-'))
  undo.defer(async () => await rm(scratch, { recursive: true, force: true }))
  const folder = join(scratch, 'archive')
  const source = undo.use(await startServer(flavor))
  const admin = undo.adopt(await createConnection({ ...source.connection }), (client) => client.destroy())
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  await using server = await connect(source)
  await writeHistory(manager, server, admin)
  const earlier = join(scratch, 'earlier')
  await linkedCopy(folder, earlier)
  await sleep(1_050)
  await manager.archive(server)
  const targets = await targetsIn(manager)
  const kept = undo.move()
  return { source, folder, earlier, scratch, targets, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
}

async function writeHistory(manager: RecoveryImageManager, server: Server, admin: Connection): Promise<void> {
  let id = 0
  const write = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) await admin.query('INSERT INTO shop.orders VALUES (?, ?)', [++id, `thing ${id}`])
  }
  const rotate = async (): Promise<void> => {
    await admin.query('FLUSH BINARY LOGS')
    await write()
  }
  const backUp = async (): Promise<void> => {
    await manager.backup(server, { method: mysqldump() })
    await write()
  }
  const archive = async (): Promise<void> => {
    await manager.archive(server)
    // A commit time of MariaDB is a second.
    await sleep(1_050)
    await write()
  }
  await admin.query('CREATE DATABASE shop')
  await admin.query('CREATE TABLE shop.orders (id INT PRIMARY KEY, what VARCHAR(50)) ENGINE=InnoDB')
  for (const step of [write, backUp, archive, rotate, archive, backUp, rotate, archive, backUp, archive, rotate]) {
    await step()
  }
}

async function targetsIn(manager: RecoveryImageManager): Promise<RestoreTarget[]> {
  const found: FoundTransaction[] = []
  for await (const transaction of manager.transactions()) found.push(transaction)
  const images = [...(await manager.images())]
  const archived = found.filter(({ commitTime }) => images.some(({ startTime }) => startTime.compare(commitTime) < 0))
  const some = [0.1, 0.35, 0.6, 0.85].map((share) => archived[Math.floor(share * archived.length)])
  return [
    { kind: 'latest' },
    ...images.map(({ position }): RestoreTarget => ({ kind: 'position', at: position })),
    ...some.flatMap((transaction) =>
      transaction === undefined
        ? []
        : [transaction.before, { kind: 'time', at: transaction.commitTime.toString() } as const],
    ),
  ]
}
