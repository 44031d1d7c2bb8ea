import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import type { TestServer } from '../../test/support/servers/index.ts'

/** Runs statements one after the other in one session; returns the rows of the last one. */
export async function query({ connection }: TestServer, ...statements: readonly string[]): Promise<RowDataPacket[]> {
  const client = await createConnection({ ...connection, supportBigNumbers: true })
  try {
    let rows: unknown = []
    for (const statement of statements) [rows] = await client.query(statement)
    return rows as RowDataPacket[]
  } finally {
    await client.end()
  }
}
