import type { Archive } from '../archive/archive.ts'
import { isCode } from '../archive/is-code.ts'
import type { RestorePlanParts } from '../image/restore-plan-parts.ts'
import { RestorePlan } from '../image/restore-plan.ts'
import { normalizeRestoreTarget } from '../image/restore-target.ts'
import type { RestoreTarget } from '../image/restore-target.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import { requireOneOf, throwIfAborted } from '../options.ts'
import { blamingDamage } from './blaming-damage.ts'
import { locateByGtid, mayBeGivenTwice } from './plan/find-transaction.ts'
import { segmentsOf } from './plan/log-span.ts'
import { canBeSummed, commonScope, sumSpan } from './plan/divided-span.ts'
import { locateDetailed, locateTarget } from './plan/locate-target.ts'
import { LogView } from './plan/log-view.ts'
import { readOnlyOption } from './plan/only-option.ts'
import type { PlanOptions } from './plan/plan-options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { readSkipOptions } from './plan/skip-options.ts'
import { readDetails, readIndexes } from './read-details.ts'
import type { KeepDetails } from './read-details.ts'
import { readLaterChanges } from './read-later-changes.ts'

/**
 * Reads what little of the log the planner needs in detail, then lets it plan; then what comes behind what is skipped.
 * Planning itself is pure: facts tell which segments are needed, their indexes which blocks.
 */
export async function makePlan(
  archive: Archive,
  facts: TimelineFacts,
  target: RestoreTarget,
  options: PlanOptions,
): Promise<RestorePlan> {
  throwIfAborted(options.signal, 'planning')
  if (options.ambiguous !== undefined) requireOneOf('ambiguous', options.ambiguous, ['first', 'last'])
  const wanted = normalizeRestoreTarget(target)
  const chosen = { ambiguous: options.ambiguous, ...readSkipOptions(options), ...readOnlyOption(options) }
  const planner = { archiveId: archive.id, ...chosen }
  const locate = (log: LogView) => blamingDamage(facts, () => locateTarget(log, wanted, planner))
  const log = blamingDamage(facts, () => LogView.of(facts))
  const needed = segmentsOf(locate(log))
  // Whether a GTID was given out twice (MariaDB, gtid_strict_mode=OFF) takes a whole segment to tell.
  const byGtid = [wanted.kind === 'transaction' ? wanted.gtid : undefined, ...(planner.skip ?? [])]
  const whole = mayBeGivenTwice(log)
    ? byGtid.flatMap((name) => (typeof name === 'string' ? locateByGtid(log, name) : []))
    : []
  const divisible = needed.filter((segment) => !whole.some((index) => log.spans[index] === segment))
  const indexes = await readIndexes(archive, divisible, options)

  const plan = await planBy(log.divide(indexes), options).catch(async (error: unknown) => {
    // MariaDB may also number transactions back: then the first block that counts one as executed does not hold it, while
    // its segment may.
    if (!isCode(error, 'TransactionNotFound')) throw error
    return await planBy(log, { ...options, onProgress: undefined })
  })
  if (plan.skipped === undefined) return plan
  const later = await readLaterChanges(archive, facts, plan, plan.skipped, options)
  const parts: RestorePlanParts = plan
  return new RestorePlan({ ...parts, skipped: { ...plan.skipped, later } })

  async function planBy(view: LogView, { onProgress, signal }: PlanOptions): Promise<RestorePlan> {
    const detailed = locateDetailed(view, wanted, planner)
    const scope = commonScope(view.images, planner.only)
    const keep: KeepDetails = (span, transactions) =>
      scope === undefined || detailed.has(span) || !canBeSummed(span) ? transactions : sumSpan(transactions, scope)
    const details = await readDetails(archive, locate(view), indexes, { onProgress, signal, keep })
    return blamingDamage(facts, () => planRestore(view.with(details), wanted, planner))
  }
}
