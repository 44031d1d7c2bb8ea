import { MARKER_DATABASE } from '../marker-database.ts'
import { quoteIdentifier } from '../quote.ts'
import type { Session } from '../session.ts'
import type { TableFacts } from './table-facts.ts'
import { tableKey } from './table-facts.ts'

const PREFIX = 'compared_'
/** Each has files on the server. */
const MAX_TABLES = 500

/** Empty tables like those whose rows are compared, in our own schema. */
export class ScratchTables {
  readonly #session: Session
  readonly #names = new Map<string, { readonly name: string; readonly definition: string }>()
  #made = 0

  /** The session must write nothing to the binary log. */
  constructor(session: Session) {
    this.#session = session
  }

  /** The names of those that are like these tables; missing ones are made. Ends the session's transaction. */
  async namesFor(tables: readonly TableFacts[]): Promise<readonly string[]> {
    if (this.#names.size + tables.length > MAX_TABLES) {
      for (const { name } of this.#names.values()) await this.#drop(name)
      this.#names.clear()
    }
    const names: string[] = []
    for (const table of tables) names.push(await this.#nameFor(table))
    return names
  }

  async #nameFor(table: TableFacts): Promise<string> {
    const known = this.#names.get(tableKey(table))
    if (known?.definition === table.definition) return known.name
    if (known !== undefined) await this.#drop(known.name)
    const name = `${PREFIX}${++this.#made}`
    await this.#session.query(
      `CREATE TABLE ${scratchName(name)} LIKE ${quoteIdentifier(table.database)}.${quoteIdentifier(table.table)}`,
    )
    this.#names.set(tableKey(table), { name, definition: table.definition })
    return name
  }

  async #drop(name: string): Promise<void> {
    await this.#session.query(`DROP TABLE ${scratchName(name)}`)
  }
}

/** Such a table as SQL names it. */
export function scratchName(name: string): string {
  return `${quoteIdentifier(MARKER_DATABASE)}.${quoteIdentifier(name)}`
}

/** Drops all there are, also those of a process that was killed. The session must write nothing to the binary log. */
export async function dropScratchTables(session: Session): Promise<void> {
  const names = await session.column(
    'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND LEFT(TABLE_NAME, ?) = ?',
    [MARKER_DATABASE, PREFIX.length, PREFIX],
  )
  for (const name of names) await session.query(`DROP TABLE IF EXISTS ${scratchName(name)}`)
}
