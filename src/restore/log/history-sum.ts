import { GtidAccumulator } from '../../binlog/gtid-accumulator.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import type { LogCounts } from '../../image/segment.ts'
import { CountSum, differingCount } from '../count-sum.ts'
import { planMismatch } from '../plan-mismatch.ts'

/** What transactions of a log add up to behind the image of a plan. */
export class HistorySum {
  readonly #counts = new CountSum()
  readonly #before: GtidSet | undefined
  /** The GTIDs executed behind them; undefined where the image does not say what came before. */
  readonly #gtids: GtidAccumulator | undefined

  constructor({ image: { gtidSet } }: Pick<RestorePlan, 'image'>) {
    this.#before = gtidSet
    this.#gtids = gtidSet === undefined ? undefined : new GtidAccumulator(gtidSet.flavor, gtidSet.toString())
  }

  /** Adds the next transaction. */
  add(transaction: Transaction): void {
    this.#counts.add(transaction)
    if (transaction.gtid !== undefined) this.#gtids?.add(transaction.gtid)
  }

  /** Throws `PlanMismatch` when a plan says something else. */
  require(what: string, counts: LogCounts, gtids: GtidSet | undefined): void {
    const found = this.#counts.counts
    const name = differingCount(found, counts)
    if (name !== undefined) {
      throw planMismatch('counts', `the archived log ${what} ${found[name]} ${name}, the plan says ${counts[name]}`)
    }
    const executed = this.#gtids?.set
    if (gtids === undefined || executed === undefined || this.#before?.union(gtids).equals(executed) === true) return
    throw planMismatch('GTIDs', `the archived log ${what} other GTIDs than the plan says`)
  }
}
