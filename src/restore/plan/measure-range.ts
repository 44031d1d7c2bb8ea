import type { Transaction } from '../../binlog/transaction.ts'
import type { LogCounts } from '../../image/segment.ts'
import type { LogSpan } from './log-span.ts'
import type { LogPoint, LogView } from './log-view.ts'
import { comparePoints } from './log-view.ts'

/** The part of one span that is replayed. */
export interface SpanPart {
  readonly index: number
  readonly span: LogSpan
  /** First byte and byte behind the last one, in the file. */
  readonly from: number
  readonly to: number
}

/** The parts of the spans between two points of the log. */
export function partsBetween(
  log: LogView,
  range: { first: number; last: number },
  start: LogPoint,
  stop: LogPoint,
): SpanPart[] {
  const parts: SpanPart[] = []
  for (let index = range.first; index <= range.last; index++) {
    const span = log.spans[index] as LogSpan
    const { rank } = log.pointIn(span, span.from)
    const from = rank === start.rank ? Math.max(span.from, start.position.offset) : span.from
    const to = rank === stop.rank ? Math.min(span.to, stop.position.offset) : span.to
    if (from < to) parts.push({ index, span, from, to })
  }
  return parts
}

/** Whether a part is its whole span, so that what is recorded of that holds for it. */
export function isWhole({ span, from, to }: SpanPart): boolean {
  return from === span.from && to === span.to
}

/** The transactions in a part. */
export function transactionsIn(log: LogView, { index, from, to }: SpanPart): Transaction[] {
  return log.transactions(index).filter(({ start, end }) => start >= from && end <= to)
}

/** What lies in the parts, counted. */
export function countParts(log: LogView, parts: readonly SpanPart[]): LogCounts {
  return sumCounts(
    parts.map((part) => (isWhole(part) ? part.span.counts : countTransactions(transactionsIn(log, part)))),
  )
}

/** Transactions, counted. */
export function countTransactions(transactions: readonly Transaction[]): LogCounts {
  return sumCounts(transactions.map(({ rowEvents, rows }) => ({ transactions: 1, rowEvents, rows })))
}

/** Bytes of log in the parts. */
export function countBytes(parts: readonly SpanPart[]): number {
  return parts.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** Whether a byte of the log lies in a part. */
export function isIn({ from, to }: SpanPart, offset: number): boolean {
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
