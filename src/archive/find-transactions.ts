import type { TableChange, Transaction, TransactionKind } from '../binlog/transaction.ts'
import { instantToNanoseconds } from '../coordinates/instant.ts'
import type { Instant } from '../coordinates/instant.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { RestoreTarget } from '../image/restore-target.ts'
import type { Segment } from '../image/segment.ts'
import type { OperationOptions } from '../options.ts'
import type { Archive } from './archive.ts'
import { readTransactions } from './read-transactions.ts'

/** Which transactions are looked for; every field given must fit. */
export interface TransactionFilter {
  /** Committed at or after this moment. */
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

/** Yields the transactions of `segments` that fit `filter`, in log order. Only segments whose commit times can fit are read. */
export async function* findTransactions(
  archive: Archive,
  segments: readonly Segment[],
  filter: TransactionFilter,
  options: OperationOptions = {},
): AsyncGenerator<FoundTransaction, void, undefined> {
  const range = readRange(filter)
  for (const segment of segments) {
    if (!mayHold(segment, range)) continue
    for await (const transaction of readTransactions(archive, segment, options)) {
      if (fits(transaction, filter, range)) yield found(segment, transaction)
    }
  }
}

interface TimeRange {
  readonly from: bigint | undefined
  readonly to: bigint | undefined
}

function readRange({ from, to }: TransactionFilter): TimeRange {
  return {
    from: from === undefined ? undefined : instantToNanoseconds(from),
    to: to === undefined ? undefined : instantToNanoseconds(to),
  }
}

function mayHold({ minCommitTime, maxCommitTime }: Segment, { from, to }: TimeRange): boolean {
  if (minCommitTime === undefined || maxCommitTime === undefined) return false
  return (
    within(maxCommitTime.epochMicroseconds, { from, to: undefined }) &&
    within(minCommitTime.epochMicroseconds, { from: undefined, to })
  )
}

function within(epochMicroseconds: number, { from, to }: TimeRange): boolean {
  const nanoseconds = BigInt(epochMicroseconds) * 1000n
  return (from === undefined || nanoseconds >= from) && (to === undefined || nanoseconds <= to)
}

function fits(transaction: Transaction, { table, kind }: TransactionFilter, range: TimeRange): boolean {
  if (kind !== undefined && transaction.kind !== kind) return false
  if (!within(transaction.commitTime.epochMicroseconds, range)) return false
  return table === undefined || touches(transaction, table)
}

function touches({ changes, tablesKnown, statement, hidesStatement }: Transaction, wanted: string): boolean {
  const named = changes.some(
    ({ database, table }) =>
      wanted === database ||
      (table === undefined ? wanted.startsWith(`${database}.`) : wanted === `${database}.${table}`),
  )
  if (named || tablesKnown) return named
  // A statement that was not understood is found rather than missed when it mentions the name, or might: this search
  // looks for an accident.
  return hidesStatement === true || statement?.includes(wanted.slice(wanted.lastIndexOf('.') + 1)) === true
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
    before: gtid === undefined ? { kind: 'position', at: start } : { kind: 'transaction', gtid, side: 'before' },
    after: gtid === undefined ? { kind: 'position', at: end } : { kind: 'transaction', gtid, side: 'after' },
  }
}
