import type { Transaction } from '../../binlog/transaction.ts'
import type { Segment } from '../../image/segment.ts'
import { scopeRule } from '../scope.ts'
import type { Scope } from '../scope.ts'
import type { LogView } from './log-view.ts'
import { transactionsIn } from './measure-range.ts'
import type { SegmentPart } from './measure-range.ts'
import type { Obstacle } from './obstacle.ts'

/** A transaction and the segment it lies in. */
export interface InSegment {
  readonly segment: Segment
  readonly transaction: Transaction
}

/** The transactions of a range, by the databases the backup holds. */
export interface Division {
  /** Those that are replayed. */
  readonly inside: readonly InSegment[]
  /** Those that touch only other databases. */
  readonly outside: readonly InSegment[]
  /** Those that cannot be told, or touch both. */
  readonly obstacles: readonly Obstacle[]
}

/** Divides the transactions of a range when the backup holds only some databases; undefined when it holds all. */
export function divideByScope(log: LogView, parts: readonly SegmentPart[], backup: Scope): Division | undefined {
  if (backup.scope === 'all') return undefined
  const sideOf = scopeRule(backup)
  const inside: InSegment[] = []
  const outside: InSegment[] = []
  const obstacles: Obstacle[] = []
  for (const part of parts) {
    const { segment } = part
    for (const transaction of transactionsIn(log, part)) {
      const side = sideOf(transaction)
      if (side === 'inside') inside.push({ segment, transaction })
      else if (side === 'outside') outside.push({ segment, transaction })
      else obstacles.push({ segment, offset: transaction.start, transaction, reason: side.reason })
    }
  }
  return { inside, outside, obstacles }
}
