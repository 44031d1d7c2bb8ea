import { inspect } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { NOT_SHOWN } from '../../../src/secrets.ts'
import type { Server } from '../../../src/server/server.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

describe('a session', () => {
  let source: TestServer
  let server: Server

  beforeAll(async () => {
    source = await startServer(flavor, { options: ['--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES', '--autocommit=0'] })
    server = await connected(source)
  })

  afterAll(async () => source[Symbol.asyncDispose]())

  test('gives values back as they are, whatever the settings of the server', async () => {
    await using session = await server.openSession()
    const text = `a'\\"\0\n😀`
    const [row] = await session.query('SELECT ? AS t, 9007199254740993 AS n, ? AS b, @@autocommit AS a', [
      text,
      Buffer.from([0, 255, 39]),
    ])
    expect(row).toEqual({ t: text, n: '9007199254740993', b: Buffer.from([0, 255, 39]), a: 1 })
  })

  test("reads the server's clock in UTC, whatever the time zone of the session", async () => {
    await using session = await server.openSession()
    const clock = await server.dialect.readClock(session)
    expect(Math.abs(clock.epochMicroseconds / 1000 - Date.now())).toBeLessThan(5_000)
  })

  test('says what failed, without values and passwords', async () => {
    await using session = await server.openSession()
    const failure: unknown = await session.query('SELECT ? FROM nowhere.t', ['s3cret']).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'QueryFailed', details: { sqlState: expect.any(String) } })
    expect(inspect(failure, { depth: 9 })).not.toContain('s3cret')

    const account: unknown = await session
      .query("CREATE USER x IDENTIFIED BY 's3cret' NONSENSE")
      .catch((error: unknown) => error)
    expect(account).toMatchObject({ code: 'QueryFailed', subject: NOT_SHOWN })
    expect(inspect(account, { depth: 9 })).not.toContain('s3cret')
  })

  test('is answered in English, whatever the language of the server', async () => {
    await server.withSession(async (other) => other.query("SET GLOBAL lc_messages = 'de_DE'"))
    const failure: unknown = await server
      .withSession(async (session) => session.query('SELECT * FROM nosuch.t'))
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: expect.stringMatching(/Unknown database|doesn't exist/) })
    await server.withSession(async (other) => other.query("SET GLOBAL lc_messages = 'en_US'"))
  })

  test('that was killed while idle fails at its next statement only', async () => {
    await using session = await server.openSession()
    await server.withSession(async (other) => other.query(`KILL ${session.id}`))
    await expect
      .poll(async () => session.query('SELECT 1').catch((error: unknown) => error))
      .toMatchObject({
        code: 'ConnectionFailed',
      })
  })

  test('is closed in the middle of a statement', async () => {
    const session = await server.openSession()
    const running = session.query('SELECT SLEEP(60)').catch((error: unknown) => error)
    await session.close()
    expect(await running).toMatchObject({ code: 'ConnectionFailed' })
    await session.close()
  })

  test.each([
    ['a wrong password', { password: 's3cret' }, 'AccessDenied'],
    ['a port where nothing listens', { port: 1 }, 'ConnectionFailed'],
  ])('%s is refused without naming the password', async (_what, changes, code) => {
    const failure: unknown = await connected(source, changes).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(inspect(failure, { depth: 9 })).not.toContain('s3cret')
  })

  test('an expired password is refused', async () => {
    await server.withSession(async (session) =>
      session.query("CREATE USER expired IDENTIFIED BY 'Aa1-expired' PASSWORD EXPIRE"),
    )
    await expect(connected(source, { user: 'expired', password: 'Aa1-expired' })).rejects.toMatchObject({
      code: 'AccessDenied',
    })
  })
})
