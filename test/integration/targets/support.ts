import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../src/index.ts'
import type { FoundTransaction, RestorePlan, Server } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'

/** A source with a table of numbers and a first image. */
export interface Scene extends AsyncDisposable {
  readonly source: TestServer
  readonly server: Server
  readonly folder: string
  readonly manager: RecoveryImageManager
  /** One more session on the source. */
  session(): Promise<Connection>
}

/** Makes it. */
export async function prepareScene(options: readonly string[] = []): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const source = undo.use(await startServer(flavor, { options }))
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-targets-'))
  undo.defer(async () => await rm(folder, { recursive: true, force: true }))
  const server = undo.use(await connect(source))
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(join(folder, 'archive')) })
  const session = async (): Promise<Connection> => {
    const made = await createConnection({ ...source.connection })
    kept.defer(() => made.destroy())
    return made
  }
  const kept = undo.move()
  const admin = await session()
  await admin.query('CREATE DATABASE shop')
  await admin.query('CREATE TABLE shop.numbers (id INT PRIMARY KEY)')
  await manager.backup(server, { method: mysqldump() })
  return {
    source,
    server,
    folder: join(folder, 'archive'),
    manager,
    session,
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}

/** The transactions behind the backup, in log order. */
export async function logged(manager: RecoveryImageManager): Promise<readonly FoundTransaction[]> {
  const found: FoundTransaction[] = []
  for await (const transaction of manager.transactions({ table: 'shop.numbers', kind: 'row' })) found.push(transaction)
  return found
}

/** The numbers that a restore of a plan brings to a new server, in order. */
export async function restored(manager: RecoveryImageManager, plan: RestorePlan): Promise<readonly number[]> {
  await using target = await startServer(flavor)
  await using server = await connect(target)
  await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
  const client = await createConnection({ ...target.connection })
  try {
    const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM shop.numbers ORDER BY id')
    return rows.map((row) => Number(row['id']))
  } finally {
    client.destroy()
  }
}
