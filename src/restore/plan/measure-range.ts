import type { Transaction } from '../../binlog/transaction.ts'
import type { LogCounts, Segment } from '../../image/segment.ts'
import type { LogPoint, LogView } from './log-view.ts'
import { comparePoints } from './log-view.ts'

/** The part of one segment that is replayed. */
export interface SegmentPart {
  readonly index: number
  readonly segment: Segment
  /** First byte and byte behind the last one, in the file. */
  readonly from: number
  readonly to: number
}

/** The parts of the segments between two points of the log. */
export function partsBetween(
  log: LogView,
  range: { first: number; last: number },
  start: LogPoint,
  stop: LogPoint,
): SegmentPart[] {
  const parts: SegmentPart[] = []
  for (let index = range.first; index <= range.last; index++) {
    const segment = log.segments[index] as Segment
    const { rank } = log.pointIn(segment, segment.from)
    const from = rank === start.rank ? Math.max(segment.from, start.position.offset) : segment.from
    const to = rank === stop.rank ? Math.min(segment.to, stop.position.offset) : segment.to
    if (from < to) parts.push({ index, segment, from, to })
  }
  return parts
}

/** Whether a part is its whole segment, so that what its manifest says holds for it. */
function isWhole({ segment, from, to }: SegmentPart): boolean {
  return from === segment.from && to === segment.to
}

/** The transactions in a part. */
export function transactionsIn(log: LogView, { index, from, to }: SegmentPart): Transaction[] {
  return log.transactions(index).filter(({ start, end }) => start >= from && end <= to)
}

/** What lies in the parts, counted. */
export function countParts(log: LogView, parts: readonly SegmentPart[]): LogCounts {
  return sumCounts(
    parts.map((part) => (isWhole(part) ? part.segment.counts : countTransactions(transactionsIn(log, part)))),
  )
}

/** Transactions, counted. */
export function countTransactions(transactions: readonly Transaction[]): LogCounts {
  return sumCounts(transactions.map(({ rowEvents, rows }) => ({ transactions: 1, rowEvents, rows })))
}

/** Bytes of log in the parts. */
export function countBytes(parts: readonly SegmentPart[]): number {
  return parts.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** Whether a byte of the log lies in a part. */
export function isIn({ from, to }: SegmentPart, offset: number): boolean {
  return offset >= from && offset < to
}

/** The one of two points that comes later. */
export function laterPoint(a: LogPoint, b: LogPoint): LogPoint {
  return comparePoints(a, b) >= 0 ? a : b
}

/** The one of two points that comes earlier. */
export function earlierPoint(a: LogPoint, b: LogPoint): LogPoint {
  return comparePoints(a, b) <= 0 ? a : b
}

function sumCounts(counts: readonly LogCounts[]): LogCounts {
  return counts.reduce(
    (sum, { transactions, rowEvents, rows }) => ({
      transactions: sum.transactions + transactions,
      rowEvents: sum.rowEvents + rowEvents,
      rows: sum.rows + rows,
    }),
    { transactions: 0, rowEvents: 0, rows: 0 },
  )
}
