import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import type { ServerConnection } from '../servers/index.ts'
import type { Value } from './step.ts'

/** What a table holds. */
export interface TableContent {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Value[])[]
}

/** What a database holds: its tables by name. */
export type Content = ReadonlyMap<string, TableContent>

/** Reads every row of every table of a database. */
export async function readContent(connection: ServerConnection, database: string): Promise<Content> {
  const client = await createConnection({ ...connection, database, dateStrings: true })
  try {
    const content = new Map<string, TableContent>()
    const [tables] = await client.query<RowDataPacket[][]>({ sql: 'SHOW TABLES', rowsAsArray: true })
    for (const table of tables.map(([name]) => name as unknown as string)) {
      const [rows, fields] = await client.query<RowDataPacket[][]>({
        sql: `SELECT * FROM \`${table}\``,
        rowsAsArray: true,
      })
      content.set(table, {
        columns: fields.map(({ name }) => name),
        rows: rows.map((row) => row.map(toValue)),
      })
    }
    return content
  } finally {
    await client.end()
  }
}

/** What differs between two contents, a line each and at most `limit` of them; none when they are equal. Order of rows does not count. */
export function contentDifferences(expected: Content, actual: Content, limit = 12): string[] {
  const differences: string[] = []
  for (const table of new Set([...expected.keys(), ...actual.keys()])) {
    const [wanted, found] = [expected.get(table), actual.get(table)]
    if (wanted === undefined) differences.push(`${table}: should not exist`)
    else if (found === undefined) differences.push(`${table}: is missing`)
    else if (wanted.columns.join() !== found.columns.join()) {
      differences.push(`${table}: has columns ${found.columns.join()}, should have ${wanted.columns.join()}`)
    } else {
      differences.push(...surplus(wanted.rows, found.rows).map((row) => `${table}: lacks ${row}`))
      differences.push(...surplus(found.rows, wanted.rows).map((row) => `${table}: should not have ${row}`))
    }
  }
  return differences.length <= limit
    ? differences
    : [...differences.slice(0, limit), `... ${differences.length - limit} more differences`]
}

// Rows of `a` that `b` lacks, equal ones counted.
function surplus(a: TableContent['rows'], b: TableContent['rows']): string[] {
  const left = new Map<string, number>()
  for (const row of b) left.set(JSON.stringify(row), (left.get(JSON.stringify(row)) ?? 0) + 1)
  return a
    .map((row) => JSON.stringify(row))
    .filter((row) => {
      const count = left.get(row) ?? 0
      left.set(row, count - 1)
      return count <= 0
    })
}

function toValue(value: unknown): Value {
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`
  if (value === null || typeof value === 'number' || typeof value === 'string') return value
  throw new TypeError(`a ${typeof value} in a result is not expected`)
}
