import type { Connection, RowDataPacket } from 'mysql2/promise'

/** Rows and checksum of every table, by `database.table`. */
export type TableStates = ReadonlyMap<string, { readonly rows: number; readonly checksum: string }>

/** Reads the state of every table of a database. Nobody may write meanwhile. */
export async function readTableStates(connection: Connection, database: string): Promise<TableStates> {
  const [tables] = await connection.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`,
    [database],
  )
  const states = new Map<string, { readonly rows: number; readonly checksum: string }>()
  for (const table of tables) {
    const name = `${database}.${table['name']}`
    const [[counted]] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS number FROM ${name}`)
    // EXTENDED reads every row, also where the engine keeps a live checksum.
    const [[checked]] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${name} EXTENDED`)
    const checksum: number | string | null | undefined = checked?.['Checksum']
    if (checksum === null || checksum === undefined) throw new Error(`CHECKSUM TABLE ${name} gave no checksum`)
    states.set(name, { rows: Number(counted?.['number']), checksum: String(checksum) })
  }
  return states
}

/** How two states differ, one line a table; empty when they are the same. */
export function differences(expected: TableStates, found: TableStates): readonly string[] {
  const names = [...new Set([...expected.keys(), ...found.keys()])]
  return names.flatMap((name) => {
    const [before, after] = [describe(expected.get(name)), describe(found.get(name))]
    return before === after ? [] : [`${name}: expected ${before}, found ${after}`]
  })
}

/** The states as a small table for people. */
export function toText(states: TableStates): string {
  return [...states].map(([name, state]) => `${name.padEnd(18)} ${describe(state)}`).join('\n')
}

/** Rows of all tables. */
export function totalRows(states: TableStates): number {
  return [...states.values()].reduce((sum, { rows }) => sum + rows, 0)
}

function describe(state: { readonly rows: number; readonly checksum: string } | undefined): string {
  return state === undefined ? 'no such table' : `${state.rows.toLocaleString('en')} rows, checksum ${state.checksum}`
}
