import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { join } from 'node:path'
import { clientLines } from '../run-client.ts'
import type { TestServer } from '../servers/index.ts'
import type { LoggedTransaction } from './logged-transaction.ts'
import { parseBinlogText } from './parse-binlog-text.ts'

const PROGRAMS = { mysql: ['mysqlbinlog'], mariadb: ['mariadb-binlog', 'mysqlbinlog'] } as const
const FORMAT = ['--verify-binlog-checksum', '--base64-output=DECODE-ROWS', '-vv']

/**
 * Every transaction a server's binlog files hold, in the order the vendor's own program prints them. Read it while
 * nobody writes. `labelTables` is described at {@link BinlogText.labelTables}.
 */
export async function readOrder(server: TestServer, labelTables: RegExp): Promise<readonly LoggedTransaction[]> {
  const order: LoggedTransaction[] = []
  for (const file of await binlogFiles(server)) {
    const lines = clientLines(server, PROGRAMS[server.flavor], [...FORMAT, ...source(server, file)])
    order.push(...(await parseBinlogText(lines, { file, labelTables })))
  }
  return order
}

async function binlogFiles({ connection }: TestServer): Promise<string[]> {
  const client = await createConnection({ ...connection })
  try {
    const [rows] = await client.query<RowDataPacket[]>('SHOW BINARY LOGS')
    return rows.map((row) => row['Log_name'])
  } finally {
    await client.end()
  }
}

// The files themselves where this machine or the container has them; a server from elsewhere is asked.
function source({ dataDirectory, clientPrograms, connection }: TestServer, file: string): readonly string[] {
  if (dataDirectory !== undefined) return [join(dataDirectory, file)]
  if (clientPrograms.kind === 'container') return [`/var/lib/mysql/${file}`]
  const { host, port, user } = connection
  return ['--read-from-remote-server', `--host=${host}`, `--port=${port}`, `--user=${user}`, file]
}
