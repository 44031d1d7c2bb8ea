import type { BackupImage } from './backup-image.ts'
import { nameFold } from './database-names.ts'
import type { NameFold } from './database-names.ts'

/** What a partial restore brings back; at least one name. */
export interface RestoreOnly {
  /** Databases, whole. */
  readonly databases?: readonly string[] | undefined
  /** Tables of other databases, as `database.table`. */
  readonly tables?: readonly string[] | undefined
}

/** A table by name. */
export interface TableName {
  readonly database: string
  readonly table: string
}

/** What decides which tables a restore brings back. */
export interface RestoreScope {
  /** What the backup holds, and how its server compares names. */
  readonly backup: Pick<BackupImage, 'scope' | 'server'>
  /** What was chosen of it; undefined for all. */
  readonly only?: RestoreOnly | undefined
}

/** The tables a restore brings back: those of the backup, or what was chosen of it. */
export class RestoredTables {
  /** Undefined for all databases. */
  readonly #databases: ReadonlySet<string> | undefined
  /** Tables of other databases, by database. */
  readonly #tables: ReadonlyMap<string, ReadonlySet<string>>
  readonly #fold: NameFold

  constructor({ backup: { scope, server }, only }: RestoreScope) {
    this.#fold = nameFold(server)
    const whole = only === undefined ? (scope === 'all' ? undefined : scope.databases) : (only.databases ?? [])
    this.#databases = whole === undefined ? undefined : new Set(whole.map(this.#fold))
    const tables = new Map<string, Set<string>>()
    for (const { database, table } of (only?.tables ?? []).map(parseTableName)) {
      const ofDatabase = tables.get(this.#fold(database)) ?? new Set()
      tables.set(this.#fold(database), ofDatabase.add(this.#fold(table)))
    }
    this.#tables = tables
  }

  /** Whether it is everything. */
  get isAll(): boolean {
    return this.#databases === undefined
  }

  /** Whether a database is among them with all its tables, and all else in it. */
  hasWhole(database: string): boolean {
    return this.#databases?.has(this.#fold(database)) !== false
  }

  /** Whether a database has tables among them, or may have. */
  hasSome(database: string): boolean {
    return this.hasWhole(database) || this.#tables.has(this.#fold(database))
  }

  /** Whether a table is among them. */
  has({ database, table }: TableName): boolean {
    return this.hasWhole(database) || this.#tables.get(this.#fold(database))?.has(this.#fold(table)) === true
  }
}

/** Reads `database.table`. Which dot of several parts the names nobody could tell: callers allow one. */
export function parseTableName(name: string): TableName {
  const dot = name.indexOf('.')
  return { database: name.slice(0, dot), table: name.slice(dot + 1) }
}

/** What was chosen, in words: `the database crm and the table shop.orders`. */
export function describeOnly({ databases = [], tables = [] }: RestoreOnly): string {
  return [named('database', databases), named('table', tables)].filter((text) => text !== '').join(' and ')
}

function named(noun: string, names: readonly string[]): string {
  if (names.length === 0) return ''
  return `the ${noun}${names.length === 1 ? '' : 's'} ${names.join(', ')}`
}
