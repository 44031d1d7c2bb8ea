import type { CommitTime } from '../coordinates/timestamp.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
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
  readonly #file: string
  readonly #fileId: string
  #transactions = 0
  #rowEvents = 0
  #rows = 0
  #first: TransactionRef | undefined
  #last: Transaction | undefined
  #min: CommitTime | undefined
  #max: CommitTime | undefined
  readonly #kinds = new Set<TransactionKind>()
  /** By database, then by name; the whole database under undefined. */
  readonly #tables = new Map<string, Set<string | undefined>>()
  #tablesKnown = true
  #nameBytes = 0

  constructor(file: string, fileId: string) {
    this.#file = file
    this.#fileId = fileId
  }

  /** Transactions so far. */
  get transactions(): number {
    return this.#transactions
  }

  /** Adds the next transaction. */
  add(transaction: Transaction): void {
    const { commitTime } = transaction
    this.#transactions++
    this.#rowEvents += transaction.rowEvents
    this.#rows += transaction.rows
    this.#first ??= this.#refTo(transaction)
    this.#last = transaction
    if (this.#min === undefined || commitTime.compare(this.#min) < 0) this.#min = commitTime
    if (this.#max === undefined || commitTime.compare(this.#max) > 0) this.#max = commitTime
    this.#kinds.add(transaction.kind)
    this.#addTables(transaction)
  }

  /** The sums; tables are named as long as their names take no more than `maxNameBytes`. */
  take(maxNameBytes: number): LogTotals {
    return {
      counts: { transactions: this.#transactions, rowEvents: this.#rowEvents, rows: this.#rows },
      first: this.#first,
      last: this.#last === undefined ? undefined : this.#refTo(this.#last),
      minCommitTime: this.#min,
      maxCommitTime: this.#max,
      touched: {
        kinds: TRANSACTION_KINDS.filter((kind) => this.#kinds.has(kind)),
        tables: this.#tablesKnown && this.#nameBytes <= maxNameBytes ? this.#listTables() : undefined,
      },
    }
  }

  #refTo(transaction: Transaction): TransactionRef {
    return refTo(transaction, { file: this.#file, fileId: this.#fileId })
  }

  #addTables({ changes, tablesKnown }: Transaction): void {
    this.#tablesKnown &&= tablesKnown
    if (!this.#tablesKnown || this.#nameBytes > MAX_NAME_BYTES) return
    for (const { database, table } of changes) {
      let names = this.#tables.get(database)
      if (names === undefined) this.#tables.set(database, (names = new Set()))
      if (names.has(table)) continue
      names.add(table)
      this.#nameBytes += Buffer.byteLength(database) + Buffer.byteLength(table ?? '')
    }
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
