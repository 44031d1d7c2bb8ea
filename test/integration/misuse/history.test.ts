import type { Connection, RowDataPacket } from 'mysql2/promise'
import { beforeAll, expect, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { expectNothingDone, open, prepare, write } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { folderState } from './support/states.ts'

// In this order: the last tests destroy the source's log.
let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
  return async () => await prepared[Symbol.asyncDispose]()
})

test("archiving another server's log: ForeignServer names that server", async () => {
  const manager = await open(prepared.folder)
  await using server = await connect(prepared.target)
  await expectNothingDone(prepared, async () => await manager.archive(server), {
    code: 'ForeignServer',
    subject: String(server.identity.serverId),
  })
})

test('a backup of another server into the archive: ForeignServer', async () => {
  const manager = await open(prepared.folder)
  await using server = await connect(prepared.target)
  await expectNothingDone(prepared, async () => await manager.backup(server, { method: mysqldump() }), {
    code: 'ForeignServer',
    subject: String(server.identity.serverId),
  })
})

test('logs that were purged before they were archived: BinlogGap names the lost range', async () => {
  const { admin, source } = prepared
  const { folder, manager } = await prepared.copy()
  const end = (await manager.images()).open?.binlogs.at(-1)
  await write(admin, 101, 110)
  await admin.query('FLUSH BINARY LOGS')
  await write(admin, 111, 115)
  await admin.query('FLUSH BINARY LOGS')
  const [logs] = await admin.query<RowDataPacket[]>('SHOW BINARY LOGS')
  const last = String(logs.at(-1)?.['Log_name'])
  await purgeTo(admin, last)

  const before = await folderState(folder)
  await using server = await connect(source)
  await expectPitrError(async () => await manager.archive(server), {
    code: 'BinlogGap',
    subject: new RegExp(`${end?.file}:${end?.to} to ${last}`),
    secrets: [source.connection.password],
  })
  expect(await folderState(folder)).toEqual(before)
})

test('a server whose log was reset: HistoryDiverged names the place the archive ends at', async () => {
  const { admin } = prepared
  await admin.query(flavor === 'mysql' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER')
  // As many and as long transactions as were archived: sizes and names do not give it away.
  await write(admin, 201, 240)
  await admin.query('FLUSH BINARY LOGS')
  await write(admin, 241, 280)
  const manager = await open(prepared.folder)
  await using server = await connect(prepared.source)
  await expectNothingDone(prepared, async () => await manager.archive(server), {
    code: 'HistoryDiverged',
    subject: /binlog\.00000\d:\d+/,
  })
})

test('a server that was reset and holds less than the archive: HistoryDiverged', async () => {
  const { admin } = prepared
  await admin.query(flavor === 'mysql' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER')
  const manager = await open(prepared.folder)
  await using server = await connect(prepared.source)
  await expectNothingDone(prepared, async () => await manager.archive(server), { code: 'HistoryDiverged' })
  await expectNothingDone(prepared, async () => await manager.backup(server, { method: mysqldump() }), {
    code: 'HistoryDiverged',
  })
})

// MariaDB keeps files it still needs for its own recovery a moment longer.
async function purgeTo(admin: Connection, file: string): Promise<void> {
  for (;;) {
    await admin.query('PURGE BINARY LOGS TO ?', [file])
    const [logs] = await admin.query<RowDataPacket[]>('SHOW BINARY LOGS')
    if (logs[0]?.['Log_name'] === file) return
  }
}
