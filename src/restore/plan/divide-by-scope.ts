import type { Transaction } from '../../binlog/transaction.ts'
import { scopeRule } from '../scope.ts'
import type { Scope } from '../scope.ts'
import type { LogSpan } from './log-span.ts'
import type { LogView } from './log-view.ts'
import { transactionsIn } from './measure-range.ts'
import type { SpanPart } from './measure-range.ts'
import type { Obstacle } from './obstacle.ts'

/** A transaction and the span it lies in. */
export interface InSpan {
  readonly span: LogSpan
  readonly transaction: Transaction
}

/** The transactions of a range, by the databases the backup holds. */
export interface Division {
  /** Those that are replayed. */
  readonly inside: readonly InSpan[]
  /** Those that touch only other databases. */
  readonly outside: readonly InSpan[]
  /** Those that cannot be told, or touch both. */
  readonly obstacles: readonly Obstacle[]
}

/** Divides the transactions of a range when the backup holds only some databases; undefined when it holds all. */
export function divideByScope(log: LogView, parts: readonly SpanPart[], backup: Scope): Division | undefined {
  if (backup.scope === 'all') return undefined
  const sideOf = scopeRule(backup)
  const inside: InSpan[] = []
  const outside: InSpan[] = []
  const obstacles: Obstacle[] = []
  for (const part of parts) {
    const { span } = part
    for (const transaction of transactionsIn(log, part)) {
      const side = sideOf(transaction)
      if (side === 'inside') inside.push({ span, transaction })
      else if (side === 'outside') outside.push({ span, transaction })
      else obstacles.push({ span, offset: transaction.start, transaction, reason: side.reason })
    }
  }
  return { inside, outside, obstacles }
}
