import type { ErrorCode } from '../../../src/errors.ts'
import type { LogCounts } from '../../../src/image/segment.ts'
import type { History, ModelTransaction, TargetOf } from './history.ts'

/** What the naive model, which sees every transaction, says about a target. */
export type Expected =
  | { readonly error: ErrorCode }
  | {
      readonly stop: number
      readonly start: number
      readonly image: string
      readonly leftOut: number
      readonly replayed: LogCounts
    }

/** Invariants 1 and 2 of the design, word by word, over the whole list of transactions. */
export function expectedPlan(history: History, target: TargetOf, ambiguous?: 'first' | 'last'): Expected {
  const stop = expectedStop(history, target, ambiguous)
  if (typeof stop === 'string') return { error: stop }
  const image = history.images.findLast(({ before }) => before <= stop)
  if (image === undefined) return { error: 'TargetBeforeWindow' }
  const range = history.transactions.slice(image.before, stop).map(({ transaction }) => transaction)
  const scoped = image.facts.backup.scope !== 'all'
  const isOut = (t: ModelTransaction['transaction']) =>
    scoped && t.changes.length > 0 && t.changes.every(({ database }) => database !== 'shop')
  const unclear = (t: ModelTransaction['transaction']) => scoped && !t.tablesKnown
  if (range.some((t) => unclear(t) || (t.obstacle !== undefined && !isOut(t)))) return { error: 'Unreplayable' }
  const replayed = replayedCounts(
    history.transactions.slice(image.before, stop).filter(({ transaction }) => !isOut(transaction)),
  )
  return { stop, start: image.before, image: image.facts.id, leftOut: range.filter(isOut).length, replayed }
}

/** What is replayed of transactions: of one on both sides of a backup's scope a half. */
export function replayedCounts(transactions: readonly ModelTransaction[]): LogCounts {
  const parts = transactions.map(({ transaction: { changes, rowEvents, rows } }) =>
    changes.length === 2 ? { rowEvents: 1, rows: rows / 2 } : { rowEvents, rows },
  )
  return {
    transactions: parts.length,
    rowEvents: parts.reduce((sum, part) => sum + part.rowEvents, 0),
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
  }
}

function expectedStop(history: History, target: TargetOf, ambiguous: 'first' | 'last' | undefined): number | ErrorCode {
  const { transactions } = history
  switch (target.kind) {
    case 'latest':
      return transactions.length
    case 'time':
      return timeStop(history, target, ambiguous)
    case 'transaction': {
      const index = transactions.findIndex(({ transaction: { gtid } }) => gtid === target.gtid.toLowerCase())
      if (index < 0) return 'TransactionNotFound'
      return target.side === 'before' ? index : index + 1
    }
    case 'position':
      return positionStop(history, target.at)
  }
}

function timeStop(
  { transactions, images, facts, resolution }: History,
  { at: { epochNanoseconds: at }, exclusive }: Extract<TargetOf, { kind: 'time' }>,
  ambiguous: 'first' | 'last' | undefined,
): number | ErrorCode {
  const second = (nanoseconds: bigint) => nanoseconds / 1_000_000_000n
  const isIn = (microseconds: number) => {
    const [time, limit] =
      resolution === 'second' ? [second(BigInt(microseconds) * 1000n), second(at)] : [BigInt(microseconds) * 1000n, at]
    return exclusive ? time < limit : time <= limit
  }
  const from = images[0]?.facts.startTime.epochMicroseconds ?? 0
  const to = facts.coveredUntil?.time.epochMicroseconds ?? 0
  // Without a transaction only the flavor says how fine times are.
  const bySecond = transactions.length > 0 ? resolution === 'second' : facts.flavor === 'mariadb'
  const isInWindow = bySecond
    ? second(BigInt(from) * 1000n) <= (exclusive ? second(at) - 1n : second(at))
    : exclusive
      ? BigInt(from) * 1000n < at
      : BigInt(from) * 1000n <= at
  if (!isInWindow) return 'TargetBeforeWindow'
  const endOfTarget = bySecond
    ? (exclusive ? second(at) : second(at) + 1n) * 1_000_000n - 1n
    : exclusive
      ? (at - 1n) / 1000n
      : at / 1000n
  if (endOfTarget > BigInt(to)) return 'TargetBeyondWindow'
  const first = transactions.findIndex(({ microseconds }) => !isIn(microseconds))
  if (first < 0) return transactions.length
  const last = transactions.findLastIndex(({ microseconds }) => isIn(microseconds)) + 1
  if (last > first && ambiguous === undefined) return 'AmbiguousTime'
  return ambiguous === 'last' ? Math.max(first, last) : first
}

function positionStop({ transactions, facts }: History, at: { file: string; offset: number }): number | ErrorCode {
  const ends = new Map(facts.segments.map(({ file, to }) => [file, to]))
  const end = ends.get(at.file) ?? 0
  if (at.offset > end) return at.file === facts.segments.at(-1)?.file ? 'TargetBeyondWindow' : 'NotABoundary'
  const splits = transactions.some(
    ({ file, transaction: { start, end } }) => file === at.file && start < at.offset && at.offset < end,
  )
  if (splits) return 'NotABoundary'
  return transactions.filter(
    ({ file, transaction }) => file < at.file || (file === at.file && transaction.end <= at.offset),
  ).length
}
