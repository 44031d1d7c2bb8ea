import type { Transaction } from '../../binlog/transaction.ts'
import { RestoredTables } from '../../image/restored-tables.ts'
import type { RestoreScope } from '../../image/restored-tables.ts'
import { scopeRule } from '../scope.ts'
import type { DividedSpan } from './divided-span.ts'
import type { LogSpan } from './log-span.ts'
import type { LogView } from './log-view.ts'
import { isWhole, transactionsIn } from './measure-range.ts'
import type { SpanPart } from './measure-range.ts'
import type { Obstacle } from './obstacle.ts'

/** A transaction and the span it lies in. */
export interface InSpan {
  readonly span: LogSpan
  readonly transaction: Transaction
}

/** A transaction of which something is replayed. */
export interface Inside extends InSpan {
  /** The transaction as it is replayed: itself, or without what is not restored. */
  readonly replayed: Transaction
}

/** The transactions of a range, by the tables that are restored. */
export interface Division {
  /** Those that are replayed. */
  readonly inside: readonly Inside[]
  /** Those that touch only other tables. */
  readonly outside: readonly InSpan[]
  /** Spans that were summed up: what they hold is none of the others. */
  readonly summed: readonly SummedSpan[]
  /** Those that cannot be told, or cannot be divided; of summed spans, too. */
  readonly obstacles: readonly Obstacle[]
}

/** A span, and the sum of it. */
export interface SummedSpan extends DividedSpan {
  readonly span: LogSpan
}

/** Divides the transactions of a range when only some tables are restored; undefined when all are. */
export function divideByScope(log: LogView, parts: readonly SpanPart[], scope: RestoreScope): Division | undefined {
  if (new RestoredTables(scope).isAll) return undefined
  const sideOf = scopeRule(scope)
  const inside: Inside[] = []
  const outside: InSpan[] = []
  const summed: SummedSpan[] = []
  const obstacles: Obstacle[] = []
  for (const part of parts) {
    const { span } = part
    const sum = isWhole(part) ? log.sumOf(part.index) : undefined
    if (sum !== undefined) {
      summed.push({ span, ...sum })
      obstacles.push(...sum.obstacles.map((obstacle) => ({ span, ...obstacle })))
      continue
    }
    for (const transaction of transactionsIn(log, part)) {
      const side = sideOf(transaction)
      if (side === 'inside') inside.push({ span, transaction, replayed: transaction })
      else if (side === 'outside') outside.push({ span, transaction })
      else if ('part' in side) inside.push({ span, transaction, replayed: side.part })
      else obstacles.push({ span, offset: transaction.start, transaction, reason: side.reason })
    }
  }
  return { inside, outside, summed, obstacles }
}
