import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import { PitrError } from '../../errors.ts'
import type { NameFold } from '../../image/database-names.ts'
import type { LaterChanges, Skipped, SkippedTransaction } from '../../image/restore-plan-parts.ts'
import { tableName } from '../../image/touched.ts'
import type { Touched, TouchedTable } from '../../image/touched.ts'

/** Enough to look into them. */
const TRANSACTIONS_NAMED = 3

/** A table that a skipped transaction touches, and what touches it behind that. */
interface Watched {
  readonly name: string | undefined
  /** The skipped definition of it: what comes behind it was made for another table. */
  definition: SkippedTransaction | undefined
  transactions: number
  readonly first: TransactionRef[]
}

/** Collects what touches the tables of skipped transactions behind them. Takes transactions in log order, the skipped ones too. */
export class LaterChangesFinder {
  /** By file and offset. */
  readonly #skipped: ReadonlyMap<string, SkippedTransaction>
  readonly #fold: NameFold
  /** Whether one of them is a definition. */
  readonly #skipsDefinition: boolean
  /** By database: every table of a skipped transaction, met or not; '' for the whole database. */
  readonly #names: ReadonlyMap<string, ReadonlySet<string>>
  /** Those of the skipped transactions met so far. */
  readonly #watched = new Map<string, Map<string, Watched>>()
  readonly #unknown: Watched = { name: undefined, definition: undefined, transactions: 0, first: [] }

  constructor({ transactions }: Pick<Skipped, 'transactions'>, fold: NameFold) {
    this.#skipped = new Map(transactions.map((skipped) => [placeOf(skipped), skipped]))
    this.#skipsDefinition = transactions.some(isDefinition)
    this.#fold = fold
    const names = new Map<string, Set<string>>()
    for (const { database, table } of transactions.flatMap(({ changes }) => changes)) {
      entryOf(names, fold(database), () => new Set<string>()).add(this.#keyOf(table))
    }
    this.#names = names
  }

  /** Whether a part of the log has to be looked at. */
  concerns(touched: Touched | undefined): boolean {
    if (touched?.tables === undefined) return true
    // A definition may copy another one, which is in no list of what is touched.
    return (
      (this.#skipsDefinition && touched.kinds.includes('ddl')) || touched.tables.some((each) => this.#isMeant(each))
    )
  }

  #isMeant({ database, table }: TouchedTable): boolean {
    const names = this.#names.get(this.#fold(database))
    return names !== undefined && (table === undefined || names.has('') || names.has(this.#keyOf(table)))
  }

  /** Takes the next transaction. Throws `Unreplayable` when it touches what a skipped definition would have made. */
  add(transaction: Transaction, ref: TransactionRef): void {
    const skipped = this.#skipped.get(placeOf(ref))
    if (skipped !== undefined) return this.#watch(skipped)
    for (const { definition, name } of transaction.copies === undefined ? [] : this.#touchedBy(transaction.copies)) {
      if (definition !== undefined)
        throw madeForAnother(ref, definition, { does: 'copies the definition of', table: name })
    }
    const touched = new Set(transaction.changes.flatMap((change) => this.#touchedBy(change)))
    if (!transaction.tablesKnown && this.#watched.size > 0) touched.add(this.#unknown)
    for (const watched of touched) {
      const { definition, name } = watched
      if (definition !== undefined) throw madeForAnother(ref, definition, { does: 'touches', table: name })
      watched.transactions++
      if (watched.first.length < TRANSACTIONS_NAMED) watched.first.push(ref)
    }
  }

  /** What was found, by table. */
  get found(): readonly LaterChanges[] {
    const watched = [...[...this.#watched.values()].flatMap((tables) => [...tables.values()]), this.#unknown]
    return watched
      .filter(({ transactions }) => transactions > 0)
      .map(({ name, transactions, first }) => ({ ...(name === undefined ? {} : { table: name }), transactions, first }))
  }

  #watch(skipped: SkippedTransaction): void {
    const definition = isDefinition(skipped) ? skipped : undefined
    for (const change of skipped.changes) {
      const { database, table } = change
      const tables = entryOf(this.#watched, this.#fold(database), () => new Map<string, Watched>())
      const name = tableName(change)
      const watched = entryOf(tables, this.#keyOf(table), () => ({ name, definition, transactions: 0, first: [] }))
      watched.definition ??= definition
      this.#unknown.definition ??= definition
    }
  }

  #touchedBy({ database, table }: TouchedTable): readonly Watched[] {
    const tables = this.#watched.get(this.#fold(database))
    if (tables === undefined) return []
    if (table === undefined) return [...tables.values()]
    return ['', this.#keyOf(table)].flatMap((key) => tables.get(key) ?? [])
  }

  #keyOf(table: string | undefined): string {
    return table === undefined ? '' : this.#fold(table)
  }
}

/** Whether what comes behind it was logged for other columns; after a TRUNCATE the table is the same. */
function isDefinition({ kind, statement = '' }: SkippedTransaction): boolean {
  return (kind === 'ddl' || kind === 'mixed') && !/^TRUNCATE\b/i.test(statement)
}

function placeOf({ fileId, start }: TransactionRef): string {
  return `${fileId}:${start.offset}`
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}

function madeForAnother(
  later: TransactionRef,
  skipped: SkippedTransaction,
  { does, table }: { readonly does: string; readonly table: string | undefined },
): PitrError {
  const at = formatBinlogPosition(later.start)
  const what = table === undefined ? 'may touch anything' : `${does} ${table}`
  const name = skipped.gtid ?? formatBinlogPosition(skipped.start)
  return new PitrError('Unreplayable', {
    subject: at,
    message: `the transaction ${later.gtid === undefined ? '' : `${later.gtid} `}at ${at} ${what}, and comes behind the definition ${name} that is to be skipped: it was logged for what that made`,
    hint: 'Skip this one as well, or leave the definition in, or choose a target before this one.',
    details: { later, skipped: { gtid: skipped.gtid, start: skipped.start }, table },
  })
}
