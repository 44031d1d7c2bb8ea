import { execa } from 'execa'
import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startServer } from './index.ts'
import type { TestServer } from './index.ts'

describe.each(['mysql', 'mariadb'] as const)('a test server, %s', (flavor) => {
  test('starts without history and without user databases', async () => {
    await using server = await startServer(flavor)
    const gtids = flavor === 'mysql' ? '@@gtid_executed' : '@@gtid_binlog_pos'
    expect(await rows(server, `SELECT ${gtids} AS gtids, @@log_bin AS log_bin`)).toEqual([{ gtids: '', log_bin: 1 }])
    expect((await rows(server, 'SHOW DATABASES')).map((row) => row['Database'])).toEqual([
      'information_schema',
      'mysql',
      'performance_schema',
      'sys',
    ])
    expect(await rows(server, 'SELECT VERSION() AS version')).toEqual([{ version: server.version }])
  })

  test('keeps its data and its port when it is killed and started again', async () => {
    await using server = await startServer(flavor)
    await rows(server, 'CREATE DATABASE shop')
    await rows(server, 'CREATE TABLE shop.orders (id INT PRIMARY KEY)')
    await rows(server, 'INSERT INTO shop.orders VALUES (1)')
    await server.kill('SIGKILL')
    await expect(rows(server, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    expect(await rows(server, 'SELECT id FROM shop.orders')).toEqual([{ id: 1 }])
  })

  // A container dies so only by testcontainers' reaper.
  test.skipIf(process.env['TESTCONTAINERS_RYUK_DISABLED'] === 'true')(
    'dies with the process that started it, however that one ends',
    async () => {
      const owner = execa(process.execPath, [
        '--input-type=module',
        '--eval',
        OWNER,
        join(import.meta.dirname, 'index.ts'),
        flavor,
      ])
      const [line] = (await once(owner.stdout, 'data')) as [Buffer]
      const { port } = JSON.parse(line.toString('utf8')) as { port: number }
      expect(await isReachable(port)).toBe(true)
      owner.kill('SIGKILL')
      await expect(owner).rejects.toThrow(/SIGKILL/)
      await expect.poll(async () => isReachable(port)).toBe(false)
    },
  )

  test('takes server options, also one that turns the binlog off', async () => {
    await using server = await startServer(flavor, { options: ['--log-bin=OFF', '--innodb-buffer-pool-size=64M'] })
    const [row] = await rows(server, 'SELECT @@log_bin AS log_bin, @@innodb_buffer_pool_size AS pool')
    expect(row).toEqual({ log_bin: 0, pool: 64 * 1024 * 1024 })
  })

  test('that cannot start says why with the end of its error log', async () => {
    await expect(startServer(flavor, { options: ['--no-such-option'] })).rejects.toThrow(
      /unknown option '--no-such-option'/,
    )
  })
})

async function rows(server: TestServer, sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(server.connection)
  try {
    const [result] = await connection.query<RowDataPacket[]>(sql)
    return result
  } finally {
    await connection.end()
  }
}

// A process that starts a server, tells where it is, and then waits to be killed.
const OWNER = `
  const [, harness, flavor] = process.argv
  const { startServer } = await import(harness)
  const server = await startServer(flavor)
  console.log(JSON.stringify(server.connection))
  setInterval(() => server.version, 1_000)
`

async function isReachable(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
