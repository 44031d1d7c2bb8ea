import type { ChainBreak } from '../../image/chain-break.ts'
import type { Located, LogPoint, LogView } from './log-view.ts'

/** Where replay stops: between two transactions. */
export interface Stop {
  /** The byte behind the last one that is replayed. */
  readonly point: LogPoint
  /** The last transaction before it; undefined when there is none, or when log is missing in between. */
  readonly previous?: Located | undefined
  /** The first transaction behind it; likewise. */
  readonly next?: Located | undefined
  /** The last missing range before it, when no transaction lies between. */
  readonly missingBefore?: ChainBreak | undefined
  /** The first missing range behind it, when no transaction lies between. */
  readonly missingBehind?: ChainBreak | undefined
  /** The furthest point that holds the same transactions: what lies between is no transaction. */
  readonly furthest: LogPoint
}

/** The stop right before a transaction. */
export function stopBefore(log: LogView, next: Located): Stop {
  return stopAt(log, next.index, log.startOf(next.ref))
}

/** The stop right behind a transaction. */
export function stopAfter(log: LogView, previous: Located): Stop {
  return stopAt(log, previous.index, log.endOf(previous.ref))
}

/** The stop at the end of the archived log. */
export function stopAtEnd(log: LogView): Stop {
  return stopAt(log, log.spans.length - 1, log.end)
}

/** The stop at a point of the span at `index`, which is between two transactions. */
export function stopAt(log: LogView, index: number, point: LogPoint): Stop {
  const missingBefore = log.breaks.findLast((gap) => gap.index <= index)
  const missingBehind = log.breaks.find((gap) => gap.index > index)
  const previous = log.previous(point)
  const next = log.next(point)
  const isKnownBefore = previous !== undefined && previous.index >= (missingBefore?.index ?? 0)
  const isKnownBehind = next !== undefined && next.index < (missingBehind?.index ?? Infinity)
  return {
    point,
    ...(isKnownBefore ? { previous } : {}),
    ...(isKnownBehind ? { next } : {}),
    ...(isKnownBefore || missingBefore === undefined ? {} : { missingBefore }),
    ...(isKnownBehind || missingBehind === undefined ? {} : { missingBehind }),
    furthest: isKnownBehind ? log.startOf(next.ref) : endOfRun(log, missingBehind),
  }
}

function endOfRun(log: LogView, missing: ChainBreak | undefined): LogPoint {
  const last = missing === undefined ? undefined : log.spans[missing.index - 1]
  return last === undefined ? log.end : log.pointIn(last, last.to)
}
