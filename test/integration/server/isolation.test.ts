import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { isOwnAccount } from '../../../src/server/own-account.ts'
import type { Session } from '../../../src/server/session.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

const APP = { user: 'app', password: 'Aa1-application' }

/** What they require decides who is let in. */
const OTHERS = [
  "CREATE USER locked IDENTIFIED BY 'Aa1-other' ACCOUNT LOCK",
  "CREATE USER tls IDENTIFIED BY 'Aa1-other' REQUIRE SSL",
  "CREATE USER x509 IDENTIFIED BY 'Aa1-other' REQUIRE X509",
  "CREATE USER names REQUIRE SUBJECT '/CN=a''b\\\\c %d é' AND ISSUER '/CN=c a' AND CIPHER 'q'",
  "CREATE USER issuer REQUIRE ISSUER '/CN=c a'",
  'GRANT SELECT ON *.* TO names WITH GRANT OPTION',
]

describe('an isolated target', () => {
  let target: TestServer

  beforeAll(async () => {
    target = await startServer(flavor, { options: ['--event-scheduler=ON'] })
  })

  afterAll(async () => target[Symbol.asyncDispose]())

  test('keeps others out, also behind a restart, uses up no GTID, and is as before once released', async () => {
    const server = await connected(target)
    const { dialect } = server
    const { isolated, accounts } = await server.withSession(async (session) => {
      await session.run([`CREATE USER app IDENTIFIED BY '${APP.password}'`, ...OTHERS])
      await using app = await (await connected(target, APP)).openSession()
      const before = await dialect.executedGtids(session)
      const accounts = await dialect.accounts(session)

      const isolated = await dialect.beforeIsolation(session)
      await app.query('SELECT 1')
      await dialect.isolate(session, isolated, (account) => isOwnAccount(server, account))
      await expect(app.query('SELECT 1')).rejects.toMatchObject({ code: 'ConnectionFailed' })
      expect(await dialect.executedGtids(session)).toBe(before)
      expect(await dialect.accounts(session)).toEqual(accounts)
      await session.run(['CREATE DATABASE writable', 'CREATE FUNCTION writable.f() RETURNS DOUBLE RETURN RAND()'])
      return { isolated, accounts }
    })
    await expect(connected(target, APP)).rejects.toThrow(/offline mode|Access denied/)
    await target.restart()
    await server.withSession(async (session) => expect(await closedAfterRestart(session)).toBe(true))

    await server.withSession(async (session) => {
      await dialect.release(session, isolated)
      expect(await session.value('SELECT @@GLOBAL.read_only')).toBe('0')
      expect(await session.value('SELECT @@GLOBAL.event_scheduler')).toBe('ON')
      expect(await dialect.accounts(session)).toEqual(accounts)
    })
    await connected(target, APP)
  })
})

// The test servers run with --no-defaults, and then MySQL reads what was persisted and does not act by it.
async function closedAfterRestart(session: Session): Promise<boolean> {
  const question = {
    mysql:
      "SELECT VARIABLE_VALUE = 'ON' FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'offline_mode'",
    mariadb: "SELECT x509_subject LIKE 'mysql\\_pitr: closed %' FROM mysql.user WHERE User = 'app'",
  }[flavor]
  return (await session.value(question)) === '1'
}
