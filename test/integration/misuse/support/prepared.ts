import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../../src/index.ts'
import { connect } from '../../../support/connect.ts'
import { expectPitrError } from '../../../support/expect-pitr-error.ts'
import type { WantedError } from '../../../support/expect-pitr-error.ts'
import { flavor } from '../../../support/flavor.ts'
import { startServer } from '../../../support/servers/index.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { folderState, serverState } from './states.ts'

/** A source with some history, its archive, and an empty target: what a file of tests shares. */
export interface Prepared extends AsyncDisposable {
  readonly source: TestServer
  readonly admin: Connection
  readonly target: TestServer
  /** The archive's folder. */
  readonly folder: string
  /** A copy of the archive, to be damaged. */
  copy(): Promise<{ readonly folder: string; readonly manager: RecoveryImageManager }>
  /** A folder that goes with the rest. */
  scratch(): Promise<string>
}

/** Makes a small archive: an image, transactions in two binlog files behind it, and nothing missing. */
export async function prepare(): Promise<Prepared> {
  await using undo = new AsyncDisposableStack()
  const scratch = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-misuse-'))
    undo.defer(async () => await rm(folder, { recursive: true, force: true }))
    return folder
  }
  const source = undo.use(await startServer(flavor))
  const target = undo.use(await startServer(flavor))
  const admin = undo.adopt(await createConnection({ ...source.connection }), (client) => client.destroy())
  const folder = join(await scratch(), 'archive')
  await fillArchive(source, admin, folder)

  const kept = undo.move()
  return {
    source,
    admin,
    target,
    folder,
    async copy() {
      const copy = join(await mkdtemp(join(tmpdir(), 'mysql-pitr-misuse-')), 'archive')
      kept.defer(async () => await rm(join(copy, '..'), { recursive: true, force: true }))
      await cp(folder, copy, { recursive: true })
      return { folder: copy, manager: await open(copy) }
    },
    async scratch() {
      const made = await mkdtemp(join(tmpdir(), 'mysql-pitr-misuse-'))
      kept.defer(async () => await rm(made, { recursive: true, force: true }))
      return made
    },
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}

/** Opens an archive in a folder. */
export async function open(folder: string): Promise<RecoveryImageManager> {
  return await RecoveryImageManager.open({ storage: directoryStorage(folder) })
}

/** Makes an archive in a folder. */
export async function create(folder: string): Promise<RecoveryImageManager> {
  return await RecoveryImageManager.create({ storage: directoryStorage(folder) })
}

/** Expects a failure that wrote nothing: the archive, the target and the source are the same before and after. */
export async function expectNothingDone(
  { source, target, folder }: Pick<Prepared, 'source' | 'target' | 'folder'>,
  work: () => Promise<unknown>,
  wanted: WantedError,
): Promise<void> {
  const look = async () => await Promise.all([folderState(folder), serverState(target), serverState(source)])
  const before = await look()
  await expectPitrError(work, { ...wanted, secrets: [source, target].map(({ connection }) => connection.password) })
  expect(await look()).toEqual(before)
}

async function fillArchive(source: TestServer, admin: Connection, folder: string): Promise<void> {
  await admin.query('CREATE DATABASE shop')
  await admin.query('CREATE TABLE shop.orders (id INT PRIMARY KEY, what VARCHAR(50)) ENGINE=InnoDB')
  await write(admin, 1, 20)
  const manager = await create(folder)
  await using server = await connect(source)
  await manager.backup(server, { method: mysqldump() })
  await write(admin, 21, 30)
  await admin.query('FLUSH BINARY LOGS')
  await write(admin, 31, 40)
  await manager.archive(server)
}

/** One transaction an order. */
export async function write(admin: Connection, first: number, last: number): Promise<void> {
  for (let id = first; id <= last; id++) await admin.query('INSERT INTO shop.orders VALUES (?, ?)', [id, `thing ${id}`])
}
