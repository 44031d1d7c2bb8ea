import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Session } from '../../../src/server/session.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

const APP = { user: 'app', password: 'Aa1-application' }

describe('an isolated target', () => {
  let target: TestServer

  beforeAll(async () => {
    target = await startServer(flavor, { options: ['--event-scheduler=ON'] })
  })

  afterAll(async () => target[Symbol.asyncDispose]())

  test('keeps others out, also behind a restart, uses up no GTID, and is as before once released', async () => {
    const server = await connected(target)
    const { dialect } = server
    const state = await server.withSession(async (session) => {
      await session.query(`CREATE USER app IDENTIFIED BY '${APP.password}'`)
      await using app = await (await connected(target, APP)).openSession()
      const before = await dialect.executedGtids(session)

      const isolated = await dialect.beforeIsolation(session, { except: server.account })
      await app.query('SELECT 1')
      await dialect.isolate(session, isolated)
      await expect(app.query('SELECT 1')).rejects.toMatchObject({ code: 'ConnectionFailed' })
      expect(await dialect.executedGtids(session)).toBe(before)
      await session.run(['CREATE DATABASE writable', 'CREATE FUNCTION writable.f() RETURNS DOUBLE RETURN RAND()'])
      return isolated
    })
    await expect(connected(target, APP)).rejects.toThrow(/offline mode|locked/)
    await target.restart()
    await server.withSession(async (session) => expect(await closedAfterRestart(session)).toBe(true))

    await server.withSession(async (session) => {
      await dialect.release(session, state)
      expect(await session.value('SELECT @@GLOBAL.read_only')).toBe('0')
      expect(await session.value('SELECT @@GLOBAL.event_scheduler')).toBe('ON')
    })
    await connected(target, APP)
  })
})

// The test servers run with --no-defaults, and then MySQL reads what was persisted and does not act by it.
async function closedAfterRestart(session: Session): Promise<boolean> {
  const question = {
    mysql:
      "SELECT VARIABLE_VALUE = 'ON' FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'offline_mode'",
    mariadb: "SELECT JSON_VALUE(Priv, '$.account_locked') FROM mysql.global_priv WHERE User = 'app'",
  }[flavor]
  return (await session.value(question)) === '1'
}
