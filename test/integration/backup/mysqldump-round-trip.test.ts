import type { RowDataPacket } from 'mysql2/promise'
import { expect, test } from 'vitest'

import { Timestamp } from '../../../src/index.ts'
import { flavor } from '../../support/flavor.ts'
import { load, open, take } from './support/harness.ts'
import type { Opened } from './support/harness.ts'
import { describeDatabases, makeNastySchema } from './support/nasty-schema.ts'

test('what was dumped and loaded again is the same to the last checksum and definition', async () => {
  await using source = await open()
  await using target = await open()
  await makeNastySchema(source.admin)

  const backup = await take(source.server)
  const before = await executed(target)
  await load(target.server, backup)

  expect(await describeDatabases(target.admin)).toEqual(await describeDatabases(source.admin))
  expect(await executed(target)).toEqual(before)
  expect(backup.taken.backup).toMatchObject({ method: 'mysqldump', scope: 'all' })
  expect(backup.taken.backup.parts.map(({ name }) => name)).toEqual(['accounts', 'data'])
})

test('an event comes back as it was when the backup was taken, also when its time is over at the load', async () => {
  await using source = await open()
  await using target = await open()
  for (const { admin } of [source, target]) await admin.query('SET GLOBAL event_scheduler = OFF')
  const schedules = ["AT '2001-06-01'", "AT '2001-06-01' ON COMPLETION PRESERVE", "EVERY 1 DAY ENDS '2001-06-01'"]
  await source.admin.query('CREATE DATABASE shop; SET timestamp = UNIX_TIMESTAMP("2001-03-01")')
  for (const [index, schedule] of schedules.entries())
    await source.admin.query(`CREATE EVENT shop.event${index} ON SCHEDULE ${schedule} DO DO 0`)

  const { taken, store } = await take(source.server)
  await load(target.server, { taken: { ...taken, startTime: Timestamp.parse('2001-05-01T00:00:00Z') }, store })
  expect(await describeDatabases(target.admin)).toEqual(await describeDatabases(source.admin))
})

test('a server without databases can be backed up and loaded', async () => {
  await using source = await open()
  await using target = await open()
  const backup = await take(source.server)
  await load(target.server, backup)
  expect(backup.taken.position.offset).toBeGreaterThan(4)
  expect(await describeDatabases(target.admin)).toEqual([])
})

test('only the databases named are dumped, and one that does not exist is an error that names it', async () => {
  await using source = await open()
  await source.admin.query('CREATE DATABASE a; CREATE DATABASE b; CREATE TABLE b.t (i INT)')
  const { taken, store } = await take(source.server, { databases: ['b'] })
  expect(taken.backup.scope).toEqual({ databases: ['b'] })
  expect(store.data).not.toContain('`a`')

  await expect(take(source.server, { databases: ['b', 'nosuch'] })).rejects.toMatchObject({
    code: 'InvalidArgument',
    details: { missing: ['nosuch'] },
  })
  await expect(take(source.server, { databases: ['mysql'] })).rejects.toMatchObject({ code: 'InvalidArgument' })
  await expect(take(source.server, { databases: [] })).rejects.toMatchObject({ code: 'InvalidArgument' })
})

// What the server counts as executed, and where its log ends: a load leaves both as they are.
async function executed({ admin, server }: Opened): Promise<unknown> {
  const variable = flavor === 'mysql' ? '@@GLOBAL.gtid_executed' : '@@GLOBAL.gtid_binlog_state'
  const [rows] = await admin.query<RowDataPacket[]>(`SELECT ${variable} AS executed`)
  return { rows, end: await server.withSession(async (session) => server.dialect.binlogEnd(session)) }
}
