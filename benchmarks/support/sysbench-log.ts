import { execa } from 'execa'
import { createConnection } from 'mysql2/promise'
import { copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer, sysbenchProgram } from '../../test/support/servers/index.ts'
import type { ClientPrograms, Flavor } from '../../test/support/servers/index.ts'

/** A log of real load, and what reads it. */
export interface SysbenchLog {
  readonly path: string
  readonly bytes: number
  readonly serverVersion: string
  readonly clientPrograms: ClientPrograms
}

const SECONDS_A_ROUND = 10
/** Rounds without end would hide a server that writes nothing. */
const MAX_ROUNDS = 60
const FILE = 'binlog.000001'

/** Runs sysbench's oltp_write_only on a server of its own until its binlog has `bytes`, and copies that file to `folder`. */
export async function makeSysbenchLog(flavor: Flavor, bytes: number, folder: string): Promise<SysbenchLog> {
  const sysbench = await sysbenchProgram()
  // Durability does not change what is logged, only how long it takes.
  const options = ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0', '--max-binlog-size=1G']
  await using server = await startServer(flavor, { options })
  if (server.dataDirectory === undefined)
    throw new Error('this benchmark needs a server whose files are on this machine')
  const source = join(server.dataDirectory, FILE)
  const { host, port, user, password } = server.connection
  const connection = await createConnection(server.connection)
  await connection.query('CREATE DATABASE sbtest')
  await connection.end()
  const login = [`--mysql-host=${host}`, `--mysql-port=${port}`, `--mysql-user=${user}`, `--mysql-password=${password}`]
  const load = (...args: string[]) =>
    execa(sysbench, ['oltp_write_only', ...login, '--tables=8', '--table-size=10000', '--threads=8', ...args])
  await load('prepare')
  for (let round = 0; (await stat(source)).size < bytes; round++) {
    if (round === MAX_ROUNDS) throw new Error(`${FILE} has not grown to ${bytes} bytes after ${round} rounds`)
    await load(`--time=${SECONDS_A_ROUND}`, 'run')
  }
  await server.kill('SIGTERM')
  const path = join(folder, `${flavor}-${FILE}`)
  await copyFile(source, path)
  const { version: serverVersion, clientPrograms } = server
  return { path, bytes: (await stat(path)).size, serverVersion, clientPrograms }
}
