import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { PitrError } from '../../../src/errors.ts'
import { readBinlogStream } from '../../../src/server/replication/binlog-stream.ts'
import { preflight, requirePreflight } from '../../../src/server/preflight.ts'
import type { Purpose } from '../../../src/server/flavor/flavor-dialect.ts'
import type { Server } from '../../../src/server/server.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

const ARCHIVER = { user: 'archiver', password: 'Aa1-archiver' }

describe('preflight', () => {
  let source: TestServer
  let admin: Server

  beforeAll(async () => {
    source = await startServer(flavor)
    admin = await connected(source)
  })

  afterAll(async () => source[Symbol.asyncDispose]())

  test.each(['archive', 'backup', 'restore'] as const)(
    'finds nothing wrong with an administrator for %s',
    async (p) => {
      expect(await preflight(admin, p)).toMatchObject({ ok: true })
    },
  )

  test('asks for exactly the privileges that archiving needs', async () => {
    const needed = admin.dialect.privileges.archive.map(({ anyOf }) => anyOf[0] ?? '')
    for (const without of [undefined, ...needed]) {
      const server = await archiverWith(needed.filter((privilege) => privilege !== without))
      expect(await preflight(server, 'archive')).toMatchObject({ ok: without === undefined })
      const refused = await archiveLike(server).then(
        () => 'nothing',
        (error: PitrError) => error.code,
      )
      // Without PROCESS a server answers, and leaves the connections of others out.
      expect(refused).toBe(without === undefined || without === 'PROCESS' ? 'nothing' : 'MissingPrivilege')
    }
  })

  test('where archiving asks for PROCESS, the connections of others are not seen without it', async () => {
    const needed = admin.dialect.privileges.archive.map(({ anyOf }) => anyOf[0] ?? '')
    await admin.withSession(async (other) => {
      for (const without of [undefined, ...needed.filter((privilege) => privilege === 'PROCESS')]) {
        const server = await archiverWith(needed.filter((privilege) => privilege !== without))
        const ids = await server.withSession(
          async (session) => await session.column('SELECT ID FROM information_schema.PROCESSLIST'),
        )
        expect(ids.includes(String(other.id))).toBe(needed.includes('PROCESS') && without === undefined)
      }
    })
  })

  test('lets no backup begin that a global setting could cut, and the archive go on', async () => {
    const needed = admin.dialect.privileges.backup.map(({ anyOf }) => anyOf[0] ?? '')
    const account = await archiverWith(needed)
    const [exempting = ''] = admin.dialect.skipsInitConnect
    const exempt = async () => await archiverWith([...needed, exempting])
    const errors = async (server: Server, purpose: Purpose) =>
      (await preflight(server, purpose)).findings.filter(({ severity }) => severity === 'error')

    await setGlobal("init_connect = 'SET sql_select_limit = 2'")
    expect(await errors(account, 'backup')).toMatchObject([{ code: 'UnsafeSetting', subject: 'init_connect' }])
    expect(await errors(account, 'archive')).toEqual([])
    expect(await errors(admin, 'backup')).toEqual([])
    expect(await errors(await exempt(), 'backup')).toEqual([])
    await setGlobal("init_connect = 'SET NAMES utf8mb4'")
    expect(await errors(await archiverWith(needed), 'backup')).toEqual([])

    await setGlobal("init_connect = ''", 'sql_select_limit = 200')
    expect(await errors(admin, 'backup')).toMatchObject([{ code: 'UnsafeSetting', subject: 'sql_select_limit=200' }])
    expect(await errors(admin, 'archive')).toEqual([])
    await setGlobal('sql_select_limit = DEFAULT')
    expect(await errors(admin, 'backup')).toEqual([])
  })

  test('names every setting that makes recovery impossible, and throws the first', async () => {
    await admin.withSession(async (session) => {
      await session.run(['SET GLOBAL binlog_format = STATEMENT', 'SET GLOBAL sync_binlog = 0'])
    })
    const { findings } = await preflight(admin, 'archive')
    expect(findings.map(({ severity, code }) => [severity, code])).toEqual([
      ['error', 'UnsafeBinlogFormat'],
      ['warning', 'UnsafeSetting'],
    ])
    await expect(requirePreflight(admin, 'archive')).rejects.toMatchObject({
      code: 'UnsafeBinlogFormat',
      details: { findings: [{}, {}] },
    })
  })

  async function setGlobal(...assignments: readonly string[]): Promise<void> {
    await admin.withSession(async (session) => session.run(assignments.map((assignment) => `SET GLOBAL ${assignment}`)))
  }

  async function archiverWith(privileges: readonly string[]): Promise<Server> {
    await admin.withSession(async (session) => {
      await session.run(['DROP USER IF EXISTS archiver', `CREATE USER archiver IDENTIFIED BY '${ARCHIVER.password}'`])
      for (const privilege of privileges) await session.query(`GRANT ${privilege} ON *.* TO archiver`)
    })
    return connected(source, ARCHIVER)
  }

  async function archiveLike(server: Server): Promise<void> {
    const { position } = await server.withSession(async (session) => {
      await server.dialect.commitsUntil(session)
      await server.dialect.replicates(session)
      await server.dialect.listBinlogs(session)
      return server.dialect.binlogEnd(session)
    })
    for await (const _batch of readBinlogStream(server, { from: { ...position, offset: 4 } })) break
  }
})
