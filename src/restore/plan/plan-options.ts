import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { Skipped } from '../../image/restore-plan-parts.ts'
import type { RestoreOnly } from '../../image/restored-tables.ts'
import type { OperationOptions } from '../../options.ts'

/**
 * Names a transaction: by its GTID, or by where it begins in the log. What `manager.transactions()` finds is such a name.
 */
export type TransactionName =
  | string
  | {
      /** Where its first event begins. */
      readonly start: BinlogPosition
      /** Identity of the file; must fit when given. */
      readonly fileId?: string | undefined
      /** Its GTID; must fit when given. */
      readonly gtid?: string | undefined
    }

/** How to plan. */
export interface PlanOptions extends OperationOptions {
  /**
   * Which place in the log to take when commit times do not follow its order (the clock was set back, or on MariaDB a
   * session set its own `timestamp`), so that several places fit the asked time: the `first` leaves out every transaction
   * committed later, and some committed earlier; the `last` includes every one committed earlier, and some committed
   * later. Undefined: the plan fails with `AmbiguousTime` and lists them.
   */
  readonly ambiguous?: 'first' | 'last' | undefined
  /**
   * Transactions that are left out on purpose: "everything up to now, but not that DELETE". The plan starts from an image
   * before them, and says what is replayed behind them on the same tables: it may be refused when the plan is restored, or
   * leave content that never existed. Throws `TransactionNotFound` for one that is not among those replayed,
   * `Unreplayable` for one without which the rest cannot be replayed: a part of an XA transaction, a definition of a table
   * that later transactions touch.
   * @default none
   */
  readonly skip?: readonly TransactionName[] | undefined
  /**
   * Whether the target counts the GTIDs of the skipped transactions as executed in the end. When they are `missing`, a target
   * that replicates by GTID from a server that has them would fetch and execute them; `executed` prevents that. On MariaDB
   * a GTID counts as executed in any case when a later one of its domain is.
   * @default 'missing'
   */
  readonly skippedGtids?: Skipped['gtids'] | undefined
  /**
   * What is restored, and nothing else: databases whole, or single tables. Of transactions that changed rows of these and of
   * others only the rows of these are replayed. No accounts are restored; and of databases of which only tables are chosen,
   * neither views nor routines nor events. Throws `InvalidArgument` for a name the backup cannot hold, `Unreplayable` where
   * the log holds a definition or a statement that what is chosen cannot be told apart from, such as a `RENAME` of another
   * table to a chosen one. A name that nothing has at the target fails when the plan is restored.
   * @default everything in the backup
   */
  readonly only?: RestoreOnly | undefined
}

/** What the pure planner takes. */
export interface PlannerOptions extends Pick<PlanOptions, 'ambiguous' | 'skip' | 'skippedGtids' | 'only'> {
  /** The archive the facts come from; written into the plan. */
  readonly archiveId: string
}
