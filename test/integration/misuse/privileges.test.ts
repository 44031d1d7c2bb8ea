import type { Connection } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { beforeAll, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { expectNothingDone, open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

const WEAK = { user: 'weak', password: 'Weak-secret-27182818' }

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
  for (const server of [prepared.source, prepared.target]) await createWeak(server)
  return async () => await prepared[Symbol.asyncDispose]()
})

test('a backup without privileges: MissingPrivilege names the first that lacks, and the account', async () => {
  const manager = await open(prepared.folder)
  await using server = await connect(prepared.source, WEAK)
  await expectNothingDone(prepared, async () => await manager.backup(server, { method: mysqldump() }), {
    code: 'MissingPrivilege',
    subject: /REPLICATION.*weak@%/,
  })
})

test('archiving without privileges: MissingPrivilege names the first that lacks, and the account', async () => {
  const manager = await open(prepared.folder)
  await using server = await connect(prepared.source, WEAK)
  await expectNothingDone(prepared, async () => await manager.archive(server), {
    code: 'MissingPrivilege',
    subject: /REPLICATION.*weak@%/,
  })
})

test('a restore without privileges: MissingPrivilege before the target is touched', async () => {
  const manager = await open(prepared.folder)
  const plan = await manager.plan({ kind: 'latest' })
  await using server = await connect(prepared.target, WEAK)
  await expectNothingDone(
    prepared,
    async () => await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' }),
    { code: 'MissingPrivilege', subject: /weak@%/ },
  )
})

async function createWeak({ connection }: TestServer): Promise<void> {
  const client: Connection = await createConnection({ ...connection })
  // Unlogged: the target stays without history.
  await client.query('SET SESSION sql_log_bin = 0')
  await client.query('CREATE USER ?@? IDENTIFIED BY ?', [WEAK.user, '%', WEAK.password])
  await client.query('GRANT SELECT ON *.* TO ?@?', [WEAK.user, '%'])
  await client.end()
}
