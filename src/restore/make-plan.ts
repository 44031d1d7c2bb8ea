import type { Archive } from '../archive/archive.ts'
import { readTransactions } from '../archive/read-transactions.ts'
import type { Transaction } from '../binlog/transaction.ts'
import { PitrError } from '../errors.ts'
import type { RestorePlanParts } from '../image/restore-plan-parts.ts'
import { RestorePlan } from '../image/restore-plan.ts'
import { normalizeRestoreTarget } from '../image/restore-target.ts'
import type { RestoreTarget } from '../image/restore-target.ts'
import type { Segment } from '../image/segment.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import { requireOneOf, throwIfAborted } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import { blamingDamage } from './blaming-damage.ts'
import { locateTarget } from './plan/locate-target.ts'
import type { PlanOptions } from './plan/plan-options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { readSkipOptions } from './plan/skip-options.ts'
import { readLaterChanges } from './read-later-changes.ts'

/** Reads the few segments the planner needs in detail, then lets it plan; then what comes behind what is skipped. Planning itself is pure. */
export async function makePlan(
  archive: Archive,
  facts: TimelineFacts,
  target: RestoreTarget,
  options: PlanOptions,
): Promise<RestorePlan> {
  throwIfAborted(options.signal, 'planning')
  if (options.ambiguous !== undefined) requireOneOf('ambiguous', options.ambiguous, ['first', 'last'])
  const wanted = normalizeRestoreTarget(target)
  const planner = { archiveId: archive.id, ambiguous: options.ambiguous, ...readSkipOptions(options) }
  const needed = blamingDamage(facts, () => locateTarget(facts, wanted, planner))
  const totalBytes = needed.reduce((sum, { blob }) => sum + blob.content.bytes, 0)
  const meter = new ProgressMeter('plan:read', 'archived log', options.onProgress, { totalBytes })
  const details = new Map<string, readonly Transaction[] | PitrError>()
  for (const segment of needed) {
    details.set(segment.blob.key, await readDetails(archive, segment, options))
    meter.add(segment.blob.content.bytes, segment.counts.transactions, segment.file)
  }
  meter.finish()
  const plan = blamingDamage(facts, () => planRestore(facts, wanted, details, planner))
  if (plan.skipped === undefined) return plan
  const later = await readLaterChanges(archive, facts, plan, plan.skipped, options)
  const parts: RestorePlanParts = plan
  return new RestorePlan({ ...parts, skipped: { ...plan.skipped, later } })
}

/** Damage is for the planner to judge: a neighbour of the stop is only looked at, to say what is left out. */
async function readDetails(
  archive: Archive,
  segment: Segment,
  options: PlanOptions,
): Promise<readonly Transaction[] | PitrError> {
  try {
    const transactions: Transaction[] = []
    for await (const transaction of readTransactions(archive, segment, options)) transactions.push(transaction)
    return transactions
  } catch (error) {
    if (error instanceof PitrError && (error.code === 'ObjectMissing' || error.code === 'ChecksumMismatch'))
      return error
    throw error
  }
}
