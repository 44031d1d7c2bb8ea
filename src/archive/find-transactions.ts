import type { Transaction } from '../binlog/transaction.ts'
import { formatInstant, instantToNanoseconds } from '../coordinates/instant.ts'
import type { Instant } from '../coordinates/instant.ts'
import type { CommitTime } from '../coordinates/timestamp.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import { PitrError } from '../errors.ts'
import type { RestoreTarget } from '../image/restore-target.ts'
import type { Segment } from '../image/segment.ts'
import { EXACT_NAMES } from '../image/database-names.ts'
import type { NameFold } from '../image/database-names.ts'
import { TRANSACTION_KINDS } from '../image/touched.ts'
import type { TableChange, Touched, TouchedTable, TransactionKind } from '../image/touched.ts'
import { requireOneOf } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import type { Archive } from './archive.ts'
import { readBlocks } from './read-blocks.ts'
import { readTransactions } from './read-transactions.ts'

/** Which transactions are looked for; every field given must fit. */
export interface TransactionFilter {
  /** Committed at or after this moment; where commits are recorded by the second, in its second or later. */
  readonly from?: Instant | undefined
  /** Committed at or before this moment. */
  readonly to?: Instant | undefined
  /** Touched this table, as `database.table`, or anything in a database, as `database`. */
  readonly table?: string | undefined
  /** Is of this kind. */
  readonly kind?: TransactionKind | undefined
}

/** A transaction that was found, with what it did and ready targets around it. */
export interface FoundTransaction extends TransactionRef {
  /** What it is made of. */
  readonly kind: TransactionKind
  /** The tables it touched, and how many rows. */
  readonly changes: readonly TableChange[]
  /** False when its statement was not understood well enough to name every table. */
  readonly tablesKnown: boolean
  /** Rows in all. */
  readonly rows: number
  /** The statement, where the log holds one; at most 4 KiB. Left out when it may hold a password. */
  readonly statement?: string | undefined
  /** The moment just before it. */
  readonly before: RestoreTarget
  /** The moment just after it. */
  readonly after: RestoreTarget
}

/**
 * Yields the transactions of `segments` that fit `filter`, in log order. What is read are the blocks that can hold one, as
 * far as manifests and indexes tell.
 */
export async function* findTransactions(
  archive: Archive,
  segments: readonly Segment[],
  asked: TransactionFilter,
  options: FindOptions = {},
): AsyncGenerator<FoundTransaction, void, undefined> {
  const { fold = EXACT_NAMES } = options
  if (asked.kind !== undefined) requireOneOf('kind', asked.kind, TRANSACTION_KINDS)
  requireName(asked)
  const filter: FoldedFilter = { ...asked, table: asked.table === undefined ? undefined : fold(asked.table), fold }
  const range = readRange(filter)
  const mayHold = (part: PartOfLog): boolean => mayHoldOne(part, filter, range)
  for (const segment of segments) {
    if (!mayHold(segment)) continue
    for await (const transaction of readWhere(archive, segment, mayHold, options)) {
      if (fits(transaction, filter, range)) yield found(segment, transaction)
    }
  }
}

/** How transactions are found. */
export interface FindOptions extends OperationOptions {
  /** Makes one name of those that are one to the server. @default names are compared exactly */
  readonly fold?: NameFold | undefined
}

/** A filter whose names are folded. */
interface FoldedFilter extends TransactionFilter {
  readonly fold: NameFold
}

/** What is known of a segment or a block without reading it. */
export type PartOfLog = Pick<Segment, 'minCommitTime' | 'maxCommitTime' | 'touched'>

/** The transactions of the blocks that may hold a wanted one. */
export async function* readWhere(
  archive: Archive,
  segment: Segment,
  mayHold: (part: PartOfLog) => boolean,
  options: OperationOptions,
): AsyncGenerator<Transaction, void, undefined> {
  const index = await archive.readSegmentIndex(segment, options)
  if (index === undefined || index.blocks.every(mayHold)) {
    yield* readTransactions(archive, segment, options)
    return
  }
  for await (const { transactions } of readBlocks(archive, segment, index, mayHold, options)) yield* transactions
}

interface TimeRange {
  readonly from: bigint | undefined
  readonly to: bigint | undefined
}

// A filter that nothing fits must not look like a log that holds nothing.
function requireName({ table }: TransactionFilter): void {
  if (table === undefined || !table.split('.').includes('')) return
  throw new PitrError('InvalidArgument', {
    subject: 'table',
    message: `table cannot be ${JSON.stringify(table.slice(0, 100))}: a name in it is empty`,
    hint: 'Name a table as database.table, or a whole database by its name alone.',
  })
}

function readRange(filter: TransactionFilter): TimeRange {
  const from = filter.from === undefined ? undefined : instantToNanoseconds(filter.from)
  const to = filter.to === undefined ? undefined : instantToNanoseconds(filter.to)
  if (from === undefined || to === undefined || from <= to) return { from, to }
  throw new PitrError('InvalidArgument', {
    subject: 'from',
    message: `from, ${formatInstant(from)}, is later than to, ${formatInstant(to)}: no transaction fits both`,
    hint: 'Give the earlier moment as from and the later one as to.',
  })
}

function mayHoldOne(
  { minCommitTime, maxCommitTime, touched }: PartOfLog,
  { table, kind, fold }: FoldedFilter,
  { from, to }: TimeRange,
): boolean {
  if (minCommitTime === undefined || maxCommitTime === undefined) return false
  return (
    mayTouch(touched, table, kind, fold) &&
    within(maxCommitTime, { from, to: undefined }) &&
    within(minCommitTime, { from: undefined, to })
  )
}

function mayTouch(
  touched: Touched | undefined,
  table: string | undefined,
  kind: TransactionKind | undefined,
  fold: NameFold,
): boolean {
  if (touched === undefined) return true
  if (kind !== undefined && !touched.kinds.includes(kind)) return false
  return table === undefined || touched.tables?.some((each) => isMeant(each, table, fold)) !== false
}

// A commit of which only the second is known was at any moment of it: the search shows it rather than hide it.
function within({ epochMicroseconds, resolution }: CommitTime, { from, to }: TimeRange): boolean {
  const first = BigInt(epochMicroseconds) * 1000n
  const last = resolution === 'second' ? first + 999_999_999n : first
  return (from === undefined || last >= from) && (to === undefined || first <= to)
}

function fits(transaction: Transaction, { table, kind, fold }: FoldedFilter, range: TimeRange): boolean {
  if (kind !== undefined && transaction.kind !== kind) return false
  if (!within(transaction.commitTime, range)) return false
  return table === undefined || touches(transaction, table, fold)
}

function touches(
  { changes, tablesKnown, statement, hidesStatement }: Transaction,
  wanted: string,
  fold: NameFold,
): boolean {
  const named = changes.some((change) => isMeant(change, wanted, fold))
  if (named || tablesKnown) return named
  // A statement that was not understood is found rather than missed when it mentions the name, or might: this search
  // looks for an accident.
  if (hidesStatement === true) return true
  return statement !== undefined && fold(statement).includes(wanted.slice(wanted.lastIndexOf('.') + 1))
}

function isMeant({ database, table }: TouchedTable, wanted: string, fold: NameFold): boolean {
  const name = fold(database)
  if (wanted === name) return true
  return table === undefined ? wanted.startsWith(`${name}.`) : wanted === `${name}.${fold(table)}`
}

function found({ fileId, file }: Segment, transaction: Transaction): FoundTransaction {
  const { gtid, commitTime, kind, changes, tablesKnown, rows, statement } = transaction
  const start = { file, offset: transaction.start }
  const end = { file, offset: transaction.end }
  return {
    fileId,
    start,
    end,
    gtid,
    commitTime,
    kind,
    changes,
    tablesKnown,
    rows,
    ...(statement === undefined ? {} : { statement }),
    // Not by its GTID: another transaction may have the same one (MariaDB, gtid_strict_mode=OFF).
    before: { kind: 'position', at: start },
    after: { kind: 'position', at: end },
  }
}
