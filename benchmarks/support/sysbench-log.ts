import { createConnection } from 'mysql2/promise'
import { copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer } from '../../test/support/servers/index.ts'
import type { ClientPrograms, Flavor } from '../../test/support/servers/index.ts'
import { sysbench } from './sysbench.ts'

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
  // Durability does not change what is logged, only how long it takes.
  const options = ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0', '--max-binlog-size=1G']
  await using server = await startServer(flavor, { options })
  if (server.dataDirectory === undefined)
    throw new Error('this benchmark needs a server whose files are on this machine')
  const source = join(server.dataDirectory, FILE)
  const connection = await createConnection(server.connection)
  await connection.query('CREATE DATABASE sbtest')
  await connection.end()
  await sysbench(server, 'prepare')
  for (let round = 0; (await stat(source)).size < bytes; round++) {
    if (round === MAX_ROUNDS) throw new Error(`${FILE} has not grown to ${bytes} bytes after ${round} rounds`)
    await sysbench(server, `--time=${SECONDS_A_ROUND}`, 'run')
  }
  await server.kill('SIGTERM')
  const path = join(folder, `${flavor}-${FILE}`)
  await copyFile(source, path)
  const { version: serverVersion, clientPrograms } = server
  return { path, bytes: (await stat(path)).size, serverVersion, clientPrograms }
}
