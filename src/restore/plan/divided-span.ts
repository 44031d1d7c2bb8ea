import { GtidAccumulator } from '../../binlog/gtid-accumulator.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { RestoredTables } from '../../image/restored-tables.ts'
import type { RestoreScope } from '../../image/restored-tables.ts'
import type { ImageFacts } from '../../image/timeline-facts.ts'
import type { LeftOut } from '../../image/restore-plan-parts.ts'
import { scopeRule } from '../scope.ts'
import type { LogSpan } from './log-span.ts'
import type { Obstacle } from './obstacle.ts'

/** The transactions of a span by the tables that are restored, summed up: so a long log takes no room. */
export interface DividedSpan {
  /** How many there are. */
  readonly transactions: number
  /** What of them is left out. */
  readonly leftOut: LeftOut
  /** Whether of one of them a part is replayed. */
  readonly isDivided: boolean
  /** GTIDs of those of which something is replayed. */
  readonly gtids: GtidAccumulator
  /** Those that cannot be told, or cannot be divided. */
  readonly obstacles: readonly Omit<Obstacle, 'span'>[]
  /** Where those begin that are left out, and could not be replayed. */
  readonly obstaclesLeftOut: ReadonlySet<number>
}

/** Sums up the transactions of a whole span. Its XA transactions must have been all in it. */
export function sumSpan(transactions: readonly Transaction[], scope: RestoreScope): DividedSpan {
  const sideOf = scopeRule(scope)
  const leftOut = { transactions: 0, rowEvents: 0, rows: 0, bytes: 0 }
  const gtids = new GtidAccumulator(scope.backup.server.flavor)
  const obstacles: Omit<Obstacle, 'span'>[] = []
  const obstaclesLeftOut = new Set<number>()
  let isDivided = false
  for (const transaction of transactions) {
    const { start, end, gtid, rowEvents, rows, obstacle } = transaction
    const side = sideOf(transaction)
    if (side === 'outside') {
      leftOut.transactions++
      leftOut.rowEvents += rowEvents
      leftOut.rows += rows
      leftOut.bytes += end - start
      if (obstacle !== undefined) obstaclesLeftOut.add(start)
      continue
    }
    if (typeof side === 'object' && 'reason' in side) {
      obstacles.push({ offset: start, transaction, reason: side.reason })
      continue
    }
    if (gtid !== undefined) gtids.add(gtid)
    if (side === 'inside') continue
    isDivided = true
    leftOut.rowEvents += rowEvents - side.part.rowEvents
    leftOut.rows += rows - side.part.rows
  }
  return { transactions: transactions.length, leftOut, isDivided, gtids, obstacles, obstaclesLeftOut }
}

/**
 * The scope by which spans can be summed up before it is known which image is used: that of all of them; undefined when it
 * differs, and when everything is restored.
 */
export function commonScope(images: readonly ImageFacts[], only: RestoreScope['only']): RestoreScope | undefined {
  const [first, ...others] = images.map(({ backup }) => ({ backup, only }))
  if (first === undefined || new RestoredTables(first).isAll) return undefined
  return others.every((other) => keyOf(other) === keyOf(first)) ? first : undefined
}

/** Whether a span can be judged alone: the end of an XA transaction goes where its changes went, which may lie before. */
export function canBeSummed({ touched }: LogSpan): boolean {
  return touched !== undefined && !touched.kinds.includes('xa')
}

function keyOf({ backup: { scope, server } }: RestoreScope): string {
  return JSON.stringify([scope, server.flavor, server.settings['lower_case_table_names']])
}
