import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { environmentProvider } from './environment.ts'
import { startServer } from './index.ts'
import type { TestServer } from './index.ts'

describe.each(['mysql', 'mariadb'] as const)('servers named by the environment, %s', (flavor) => {
  const variable = flavor === 'mysql' ? 'MYSQL_PITR_MYSQL_SERVERS' : 'MYSQL_PITR_MARIADB_SERVERS'

  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('are wiped for each test and serve one at a time', async () => {
    await using real = await startServer(flavor)
    vi.stubEnv(variable, urlOf(real))
    const start = await environmentProvider.prepare(flavor)
    {
      await using server = await start({})
      expect(server.provider).toBe('environment')
      await using session = await sessionOn(server)
      await expect(start({})).rejects.toThrow(/needs one more than the 1 there are/)
      await query(server, 'CREATE DATABASE shop')
      await query(server, 'CREATE TABLE shop.orders (id INT PRIMARY KEY)')
      for (const sql of [
        "XA START 'a', 'b'",
        'INSERT INTO shop.orders VALUES (1)',
        "XA END 'a', 'b'",
        "XA PREPARE 'a', 'b'",
      ]) {
        await session.query(sql)
      }
      await query(server, "CREATE USER 'clerk'@'%' IDENTIFIED BY 'Secret-1'")
      await query(server, "CREATE ROLE 'readers'")
      await query(server, 'SET GLOBAL max_connections = 20')
      await query(server, 'SET GLOBAL read_only = ON')
    }
    await using server = await start({})
    expect(await query(server, "SHOW DATABASES LIKE 'shop'")).toEqual([])
    expect(await query(server, "SELECT User FROM mysql.user WHERE User IN ('clerk', 'readers')")).toEqual([])
    const gtids = flavor === 'mysql' ? '@@gtid_executed' : '@@gtid_binlog_pos'
    expect(await query(server, `SELECT @@max_connections, @@read_only + 0 AS read_only, ${gtids} AS gtids`)).toEqual([
      { '@@max_connections': 151, read_only: 0, gtids: '' },
    ])
  })

  test('say what they cannot do', async () => {
    await using real = await startServer(flavor)
    vi.stubEnv(variable, urlOf(real))
    const start = await environmentProvider.prepare(flavor)
    await expect(start({ options: ['--gtid-mode=OFF'] })).rejects.toThrow(
      `the servers named by ${variable} cannot be started with --gtid-mode=OFF`,
    )
    await using server = await start({})
    await expect(server.kill('SIGKILL')).rejects.toThrow(/cannot be killed by a test/)
    await expect(server.restart()).rejects.toThrow(/cannot be started again by a test/)
  })

  test('must write the binlog that the tests are about', async () => {
    await using real = await startServer(flavor, { options: ['--skip-log-bin'] })
    vi.stubEnv(variable, urlOf(real))
    const start = await environmentProvider.prepare(flavor)
    await expect(start({})).rejects.toThrow(
      `${variable}: 127.0.0.1:${real.connection.port} cannot be used: its log_bin is 0, the tests need it on`,
    )
  })
})

function urlOf({ connection: { host, port, user, password } }: TestServer): string {
  return `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}`
}

async function query(server: TestServer, sql: string): Promise<RowDataPacket[]> {
  await using session = await sessionOn(server)
  return await session.query(sql)
}

interface Session extends AsyncDisposable {
  query(sql: string): Promise<RowDataPacket[]>
}

async function sessionOn(server: TestServer): Promise<Session> {
  const connection = await createConnection(server.connection)
  return {
    async query(sql) {
      const [result] = await connection.query<RowDataPacket[]>(sql)
      return result
    },
    [Symbol.asyncDispose]: async () => connection.end(),
  }
}
