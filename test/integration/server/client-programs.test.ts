import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { localHost } from '../../../src/host/local-host.ts'
import { programOutput } from '../../../src/host/program-output.ts'
import { clientProgram } from '../../../src/server/client-programs.ts'
import { withOptionFile } from '../../../src/server/option-file.ts'
import type { Server } from '../../../src/server/server.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

const NASTY_PASSWORDS = [
  '',
  'a"b\'c',
  'a\\b',
  'a\\nb',
  'x\\s',
  '\\',
  '"',
  '#start',
  'mid#dle; x=1',
  ' leading and trailing ',
  'é😀ß',
  '"quoted"',
  "'quoted'",
  'new\nline\tand tab\r',
  '[client]',
  '!include /etc',
  '%$`{}',
]

describe('client programs', () => {
  let source: TestServer
  let admin: Server

  beforeAll(async () => {
    source = await startServer(flavor)
    admin = await connected(source)
  })

  afterAll(async () => source[Symbol.asyncDispose]())

  test.each(['dump', 'client', 'binlog'] as const)('%s is found, with its version', async (kind) => {
    const { version } = await clientProgram(admin, kind)
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('a program of the other flavor does not count', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-test-'))
    try {
      const says = { mysql: 'mysqldump from 11.8.6-MariaDB', mariadb: 'mysqldump  Ver 9.7.4 for Linux on x86_64' }[
        flavor
      ]
      for (const name of ['mysqldump', 'mariadb-dump']) {
        await writeFile(join(folder, name), `#!/bin/sh\necho '${says}'\n`)
        await chmod(join(folder, name), 0o755)
      }
      const host = { ...localHost(), findProgram: async ([name]: readonly string[]) => join(folder, name ?? '') }
      await expect(clientProgram({ ...admin, tools: { ...admin.tools, host } }, 'dump')).rejects.toMatchObject({
        code: 'MissingProgram',
        message: expect.stringContaining(says),
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test.each(NASTY_PASSWORDS)('log in with the password %j', async (password) => {
    const user = `o'd"d é`
    await admin.withSession(async (session) => {
      await session.query('DROP USER IF EXISTS ?@?', [user, '%'])
      await session.query('CREATE USER ?@? IDENTIFIED BY ?', [user, '%', password])
    })
    const server = await connected(source, { user, password: async () => Promise.resolve(password) })
    const { stdout, stderr } = await runClient(server, 'SELECT CURRENT_USER()')
    expect({ stdout, stderr }).toEqual({ stdout: `${user}@%\n`, stderr: '' })
  })

  test('speak TLS when our own connections do', async () => {
    const server = await connected(source, { ssl: { rejectUnauthorized: false } })
    const { stdout } = await runClient(server, "SHOW STATUS LIKE 'Ssl_cipher'")
    expect(stdout).toMatch(/^Ssl_cipher\tTLS/)
  })

  test('refuse a certificate that our own connections refuse', async () => {
    const server = { ...admin, tools: { ...admin.tools, connection: { ...admin.tools.connection, ssl: {} } } }
    expect((await runClient(server, 'SELECT 1')).exitCode).toBe(1)
    await expect(connected(source, { ssl: {} })).rejects.toMatchObject({ code: 'ConnectionFailed' })
  })

  async function runClient(server: Server, sql: string) {
    const { path } = await clientProgram(server, 'client')
    return withOptionFile(server, async (connection) =>
      programOutput(server.tools.host, path, [...connection, '--batch', '--skip-column-names', '--execute', sql]),
    )
  }
})
