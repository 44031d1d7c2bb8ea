import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestServer } from '../../../support/servers/index.ts'

/** All files below a folder, with the hash of each. */
export async function folderState(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  const hashes = files.toSorted().map(async (file) => [file.slice(folder.length + 1), await hashOf(file)] as const)
  return Object.fromEntries(await Promise.all(hashes))
}

/** What a restore could leave behind on a server: databases, tables, accounts, history, and the switches that isolate. */
export async function serverState(server: TestServer): Promise<Readonly<Record<string, unknown>>> {
  const client = await createConnection({ ...server.connection })
  try {
    return {
      databases: await query(client, 'SHOW DATABASES'),
      tables: await query(client, TABLES),
      accounts: await query(client, ACCOUNTS[server.flavor]),
      grants: await query(client, 'SELECT * FROM information_schema.USER_PRIVILEGES ORDER BY 1, 3'),
      variables: await query(
        client,
        `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${VARIABLES.map((name) => `'${name}'`).join()})`,
      ),
    }
  } finally {
    await client.end()
  }
}

const TABLES = `SELECT TABLE_SCHEMA, TABLE_NAME, CREATE_TIME FROM information_schema.TABLES
  WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema') ORDER BY 1, 2`

// With the lock: an isolated MariaDB has locked accounts.
const ACCOUNTS = {
  mysql: 'SELECT User, Host, account_locked, authentication_string FROM mysql.user ORDER BY 1, 2',
  mariadb: 'SELECT User, Host, Priv FROM mysql.global_priv ORDER BY 1, 2',
}

const VARIABLES = [
  'gtid_executed',
  'gtid_purged',
  'gtid_binlog_pos',
  'gtid_slave_pos',
  'read_only',
  'super_read_only',
  'offline_mode',
  'event_scheduler',
  'sync_binlog',
  'innodb_flush_log_at_trx_commit',
  'max_connections',
  'skip_networking',
]

async function query(client: Connection, sql: string): Promise<unknown> {
  const [rows] = await client.query<RowDataPacket[]>(sql)
  return rows
}

async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}
