import { createHash } from 'node:crypto'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { TestServer } from '../../../support/servers/index.ts'

/** By table: its definition, its CHECKSUM TABLE, and a hash of every byte of its rows, invisible columns too, in any order. */
export async function contentOf(
  server: TestServer,
  databases: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const connection = await createConnection({ ...server.connection, rowsAsArray: true })
  try {
    await connection.query(
      "SET SESSION time_zone = '+00:00', character_set_results = NULL, group_concat_max_len = 1000000",
    )
    const tables = await texts(
      connection,
      `SELECT TABLE_SCHEMA, TABLE_NAME, GROUP_CONCAT('\`', COLUMN_NAME, '\`' ORDER BY ORDINAL_POSITION)
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (${databases.map((name) => `'${name}'`).join()})
        GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    const content: Record<string, string> = {}
    for (const [database, table, columns] of tables) {
      const name = `\`${database}\`.\`${table}\``
      // Not SHOW CREATE TABLE, where MySQL may name a collation on one server and leave it out on the other.
      const definition = await texts(
        connection,
        `SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = '${table}' ORDER BY ORDINAL_POSITION`,
      )
      const checksum = (await texts(connection, `CHECKSUM TABLE ${name} EXTENDED`))[0]![1]
      const rows = (await texts(connection, `SELECT ${columns} FROM ${name}`)).map((row) => hash(JSON.stringify(row)))
      content[`${database}.${table}`] =
        `${hash(JSON.stringify(definition))} ${checksum} ${rows.length} ${hash(rows.toSorted().join())}`
    }
    return content
  } finally {
    connection.destroy()
  }
}

async function texts(connection: Connection, sql: string): Promise<(string | null)[][]> {
  const [rows] = await connection.query<RowDataPacket[][]>({
    sql,
    typeCast: (field) => field.buffer()?.toString('latin1') ?? null,
  })
  return rows as unknown as (string | null)[][]
}

function hash(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 16)
}
