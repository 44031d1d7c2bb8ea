import type { CommitTime } from '../coordinates/timestamp.ts'
import type { Segment } from '../image/segment.ts'
import { TRANSACTION_KINDS } from '../image/touched.ts'
import type { Touched, TouchedTable, TransactionKind } from '../image/touched.ts'
import { refTo } from './transaction.ts'
import type { Transaction } from './transaction.ts'

/** What transactions of a range of log add up to. */
export type LogTotals = Pick<Segment, 'counts' | 'first' | 'last' | 'minCommitTime' | 'maxCommitTime'> & {
  readonly touched: Touched
}

/** Adds up the transactions of a range of a binlog file. */
export class LogTally {
  #transactions = 0
  #rowEvents = 0
  #rows = 0
  #first: Transaction | undefined
  #last: Transaction | undefined
  #min: CommitTime | undefined
  #max: CommitTime | undefined
  readonly #kinds = new Set<TransactionKind>()
  /** What was added last is the likeliest to come again, and is told apart faster than it is looked up. */
  #lastKind: TransactionKind | undefined
  #lastDatabase: string | undefined
  #lastTable: string | undefined
  /** By database, then by name; the whole database under undefined. */
  readonly #tables = new Map<string, Set<string | undefined>>()
  #tablesKnown = true
  #nameBytes = 0

  /** Adds the next transaction. */
  add(transaction: Transaction): void {
    const { commitTime } = transaction
    this.#transactions++
    this.#rowEvents += transaction.rowEvents
    this.#rows += transaction.rows
    this.#first ??= transaction
    this.#last = transaction
    this.#addTime(commitTime, commitTime)
    this.#addKind(transaction.kind)
    this.#tablesKnown &&= transaction.tablesKnown
    for (const { database, table } of transaction.changes) this.#addTable(database, table)
  }

  /** Adds the transactions of another one, which lie behind these. */
  addAll(other: LogTally): void {
    this.#transactions += other.#transactions
    this.#rowEvents += other.#rowEvents
    this.#rows += other.#rows
    this.#first ??= other.#first
    this.#last = other.#last ?? this.#last
    if (other.#min !== undefined && other.#max !== undefined) this.#addTime(other.#min, other.#max)
    for (const kind of other.#kinds) this.#addKind(kind)
    this.#tablesKnown &&= other.#tablesKnown
    for (const [database, tables] of other.#tables) for (const table of tables) this.#addTable(database, table)
  }

  /** The sums for a range of `file`; tables are named as long as their names take no more than `maxNameBytes`, and {@link MAX_NAME_BYTES}. */
  take(maxNameBytes: number, file: { readonly file: string; readonly fileId: string }): LogTotals {
    return {
      counts: { transactions: this.#transactions, rowEvents: this.#rowEvents, rows: this.#rows },
      first: this.#first && refTo(this.#first, file),
      last: this.#last && refTo(this.#last, file),
      minCommitTime: this.#min,
      maxCommitTime: this.#max,
      touched: {
        kinds: TRANSACTION_KINDS.filter((kind) => this.#kinds.has(kind)),
        tables: this.#hasAllTables && this.#nameBytes <= maxNameBytes ? this.#listTables() : undefined,
      },
    }
  }

  /** A list that names some of them only would hide the others from every search. */
  get #hasAllTables(): boolean {
    return this.#tablesKnown && this.#nameBytes <= MAX_NAME_BYTES
  }

  #addTime(min: CommitTime, max: CommitTime): void {
    if (this.#min === undefined || min.compare(this.#min) < 0) this.#min = min
    if (this.#max === undefined || max.compare(this.#max) > 0) this.#max = max
  }

  #addKind(kind: TransactionKind): void {
    if (kind === this.#lastKind) return
    this.#lastKind = kind
    this.#kinds.add(kind)
  }

  #addTable(database: string, table: string | undefined): void {
    if (database === this.#lastDatabase && table === this.#lastTable) return
    this.#lastDatabase = database
    this.#lastTable = table
    if (!this.#hasAllTables) return
    let names = this.#tables.get(database)
    if (names === undefined) this.#tables.set(database, (names = new Set()))
    if (names.has(table)) return
    names.add(table)
    this.#nameBytes += Buffer.byteLength(database) + Buffer.byteLength(table ?? '')
  }

  #listTables(): TouchedTable[] {
    const tables = [...this.#tables].flatMap(([database, names]) =>
      [...names].map((table): TouchedTable => (table === undefined ? { database } : { database, table })),
    )
    return tables.toSorted((a, b) => compareText(a.database, b.database) || compareText(a.table ?? '', b.table ?? ''))
  }
}

/** Names of tables are collected up to this size, whatever is asked for in the end: a log may create a million of them. */
const MAX_NAME_BYTES = 64 * 1024

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
