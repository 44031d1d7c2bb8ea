import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import type { TestServer } from '../../../support/servers/index.ts'

/** Runs statements in one session of their own; returns the rows of the last one. */
export async function run(server: TestServer, statements: readonly string[]): Promise<RowDataPacket[]> {
  const connection = await createConnection(server.connection)
  try {
    let rows: RowDataPacket[] = []
    for (const statement of statements) [rows] = await connection.query<RowDataPacket[]>(statement)
    return rows
  } finally {
    connection.destroy()
  }
}

/** Checksums of all tables of a database, by name: equal content, equal checksums. */
export async function checksums(server: TestServer, database: string): Promise<Readonly<Record<string, unknown>>> {
  const tables = await run(server, [
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${database}' AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1`,
  ])
  if (tables.length === 0) return {}
  const rows = await run(server, [
    `CHECKSUM TABLE ${tables.map(({ name }) => `\`${database}\`.\`${name}\``).join(', ')} EXTENDED`,
  ])
  return Object.fromEntries(rows.map((row) => [row['Table'], row['Checksum']]))
}
