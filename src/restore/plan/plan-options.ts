import type { Transaction } from '../../binlog/transaction.ts'
import type { PitrError } from '../../errors.ts'
import type { OperationOptions } from '../../options.ts'

/** How to plan. */
export interface PlanOptions extends OperationOptions {
  /**
   * Which place in the log to take when commit times do not follow its order (the clock was set back, or on MariaDB a
   * session set its own `timestamp`), so that several places fit the asked time: the `first` leaves out every transaction
   * committed later, and some committed earlier; the `last` includes every one committed earlier, and some committed
   * later. Undefined: the plan fails with `AmbiguousTime` and lists them.
   */
  readonly ambiguous?: 'first' | 'last' | undefined
}

/** What the pure planner takes. */
export interface PlannerOptions extends Pick<PlanOptions, 'ambiguous'> {
  /** The archive the facts come from; written into the plan. */
  readonly archiveId: string
}

/** The transactions of segments that were read in detail, or why they could not be, by the key of the segment's blob. */
export type SegmentDetails = ReadonlyMap<string, readonly Transaction[] | PitrError>
