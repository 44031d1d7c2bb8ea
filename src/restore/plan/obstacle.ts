import type { Transaction } from '../../binlog/transaction.ts'
import type { Segment } from '../../image/segment.ts'

/** Something in the range that cannot be replayed faithfully. */
export interface Obstacle {
  readonly segment: Segment
  /** Where, in the file of the segment. */
  readonly offset: number
  readonly reason: string
  /** The transaction it lies in, where that was read. */
  readonly transaction?: Transaction | undefined
}
