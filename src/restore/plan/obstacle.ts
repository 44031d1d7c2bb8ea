import type { Transaction } from '../../binlog/transaction.ts'
import type { LogSpan } from './log-span.ts'

/** Something in the range that cannot be replayed faithfully. */
export interface Obstacle {
  readonly span: LogSpan
  /** Where, in its file. */
  readonly offset: number
  readonly reason: string
  /** The transaction it lies in, where that was read. */
  readonly transaction?: Transaction | undefined
}
