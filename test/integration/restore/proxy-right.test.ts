import { expect, test } from 'vitest'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import { run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

const RESTORER = { user: 'restorer', password: 'Restorer-1-secret' }

/** The right to act for everybody and to pass that on, which the root of a server has and the administrator of the tests has not. */
function proxyRight(user: string): readonly string[] {
  const row = `('%', '${user}', '', '', 1, '')`
  return [
    `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) VALUES ${row}`,
    'FLUSH PRIVILEGES',
  ]
}

test('a backup with a PROXY grant that the account of the restore cannot give is refused, and nothing was written', async () => {
  const before = [
    'CREATE DATABASE shop',
    "CREATE USER boss@'%' IDENTIFIED BY 'Boss-1-secret'",
    "CREATE USER `st``aff`@'10.%' IDENTIFIED BY 'Staff-1-secret'",
    ...proxyRight('pitr_admin'),
    "GRANT PROXY ON boss@'%' TO `st``aff`@'10.%'",
    "DELETE FROM mysql.proxies_priv WHERE User = 'pitr_admin'",
    'FLUSH PRIVILEGES',
  ]
  await using prepared = await prepare({ before, after: [] })
  await using target = await startServer(flavor)
  await run(target, [
    'SET SESSION sql_log_bin = 0',
    `CREATE USER restorer@'%' IDENTIFIED BY '${RESTORER.password}'`,
    "GRANT ALL ON *.* TO restorer@'%' WITH GRANT OPTION",
    // For one account only is not enough for another.
    `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor)
     VALUES ('%', 'restorer', '%', 'clerk', 1, '')`,
    'FLUSH PRIVILEGES',
  ])
  await using server = await connect(target, RESTORER)
  const state = await targetState(target)
  const restore = async () => prepared.manager.restore(prepared.plan, { into: { kind: 'server', server } })
  await expectPitrError(restore(), {
    code: 'MissingPrivilege',
    subject: /PROXY for restorer/,
    secrets: [RESTORER.password],
  })
  expect(await targetState(target)).toEqual(state)

  await run(target, ['SET SESSION sql_log_bin = 0', ...proxyRight('restorer')])
  await restore()
  // The administrator has the password of the source now.
  const restored = { ...target, connection: { ...target.connection, ...RESTORER } }
  const grants = await run(restored, ["SHOW GRANTS FOR `st``aff`@'10.%'"])
  expect(grants.map((row) => String(Object.values(row)[0]))).toContainEqual(
    expect.stringMatching(/^GRANT PROXY ON .boss/),
  )
})

test('a backup with an account that would take the logins of the restore is refused, and nothing was written', async () => {
  const before = ['CREATE DATABASE shop', "CREATE USER ''@'%'", "CREATE USER restorer@'127.0.0.1'"]
  await using prepared = await prepare({ before, after: [] })
  await using target = await startServer(flavor)
  const account = [
    `CREATE USER restorer@'%' IDENTIFIED BY '${RESTORER.password}'`,
    "GRANT ALL ON *.* TO restorer@'%' WITH GRANT OPTION",
  ]
  await run(target, ['SET SESSION sql_log_bin = 0', ...account])
  await using server = await connect(target, RESTORER)
  const state = await targetState(target)
  const restored = prepared.manager.restore(prepared.plan, { into: { kind: 'server', server } })
  await expectPitrError(restored, { code: 'AccountCollision', subject: "'restorer'@'127.0.0.1'" })
  expect(await targetState(target)).toEqual(state)
})
