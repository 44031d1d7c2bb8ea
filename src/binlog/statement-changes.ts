import type { SqlTokens } from './sql-tokens.ts'

/** A table a statement changes; without `table` something else in the database, or all of it. */
export interface StatementChange {
  readonly database: string
  readonly table?: string | undefined
}

/** What a statement of one kind changes. */
export interface StatementChanges {
  readonly changes: readonly StatementChange[]
  readonly tablesKnown: boolean
  /** Whether it defines accounts, roles or privileges. */
  readonly isAccount: boolean
  /** The table whose definition a new one gets, as by `CREATE TABLE ... LIKE`; it stays as it is. */
  readonly copies?: Required<StatementChange> | undefined
  /** What else there is to say of a definition. */
  readonly definition?: Definition | undefined
}

/** What a definition is about, where that is not just the tables it changes. */
export interface Definition {
  /** `code`: a routine, a package, an event or the like; `temporary`: a table of one session is made. */
  readonly of: 'table' | 'view' | 'trigger' | 'code' | 'database' | 'temporary'
  /** Other tables that must be there for it and stay as they are: it refers to them, or reads them. */
  readonly reads: readonly Required<StatementChange>[]
  /** Whether it may read more tables than these. */
  readonly readsMore: boolean
  /** Whether it is fine with it that there is nothing to drop. */
  readonly ifExists: boolean
}

/** A definition of something that needs no other tables. */
export function definitionOf(of: Definition['of'], ifExists = false): Definition {
  return { of, reads: [], readsMore: false, ifExists }
}

/** Nothing that lies in a table of a database, such as a temporary table. */
export const CHANGES_NOTHING: StatementChanges = { changes: [], tablesKnown: true, isAccount: false }
/** Something that was not understood. */
export const CHANGES_UNKNOWN: StatementChanges = { changes: [], tablesKnown: false, isAccount: false }

/** What a statement about accounts changes: the tables they are kept in. */
export function changesOfAccounts(): StatementChanges {
  return { changes: [{ database: 'mysql' }], tablesKnown: true, isAccount: true }
}

/** These and nothing else; `undefined` is one that could not be read. */
export function changesOf(...changes: readonly (StatementChange | undefined)[]): StatementChanges {
  const known = changes.filter((change) => change !== undefined)
  return { changes: known, tablesKnown: known.length === changes.length, isAccount: false }
}

/** Takes `table` or `database.table`; undefined when there is none, or no database is known. */
export function takeTable(tokens: SqlTokens, defaultDatabase: string): Required<StatementChange> | undefined {
  const first = takeName(tokens)
  if (first === undefined) return undefined
  if (!tokens.takeSymbol('.')) return defaultDatabase === '' ? undefined : { database: defaultDatabase, table: first }
  const table = takeName(tokens)
  return table === undefined ? undefined : { database: first, table }
}

/** Takes a list of tables. */
export function takeTables(tokens: SqlTokens, defaultDatabase: string): readonly (StatementChange | undefined)[] {
  const tables: (StatementChange | undefined)[] = []
  do tables.push(takeTable(tokens, defaultDatabase))
  while (tokens.takeSymbol(','))
  return tables
}

/** Takes a name, with or without quotes. */
export function takeName(tokens: SqlTokens): string | undefined {
  const { kind } = tokens.peek()
  const name = kind === 'word' || kind === 'name' ? tokens.take().text : ''
  // No server logs an empty one.
  return name === '' ? undefined : name
}

/** Takes `IF EXISTS` or `IF NOT EXISTS`; whether there was one. */
export function skipExistence(tokens: SqlTokens): boolean {
  if (tokens.takeWord('IF') === undefined) return false
  tokens.takeWord('NOT')
  return tokens.takeWord('EXISTS') !== undefined
}
