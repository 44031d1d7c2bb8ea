import type { Archive } from '../archive/archive.ts'
import { readTransactions } from '../archive/read-transactions.ts'
import type { Transaction } from '../binlog/transaction.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import { normalizeRestoreTarget } from '../image/restore-target.ts'
import type { RestoreTarget } from '../image/restore-target.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import { throwIfAborted } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import { locateTarget } from './plan/locate-target.ts'
import type { PlanOptions } from './plan/plan-options.ts'
import { planRestore } from './plan/plan-restore.ts'

/** Reads the few segments the planner needs in detail, then lets it plan. Planning itself is pure. */
export async function makePlan(
  archive: Archive,
  facts: TimelineFacts,
  target: RestoreTarget,
  options: PlanOptions,
): Promise<RestorePlan> {
  throwIfAborted(options.signal, 'planning')
  const wanted = normalizeRestoreTarget(target)
  const planner = { archiveId: archive.id, ambiguous: options.ambiguous }
  const needed = locateTarget(facts, wanted, planner)
  const totalBytes = needed.reduce((sum, { blob }) => sum + blob.content.bytes, 0)
  const meter = new ProgressMeter('plan:read', 'archived log', options.onProgress, { totalBytes })
  const details = new Map<string, readonly Transaction[]>()
  for (const segment of needed) {
    const transactions: Transaction[] = []
    for await (const transaction of readTransactions(archive, segment, options)) transactions.push(transaction)
    details.set(segment.blob.key, transactions)
    meter.add(segment.blob.content.bytes, segment.counts.transactions, segment.file)
  }
  meter.finish()
  return planRestore(facts, wanted, details, planner)
}
