import type { Archive } from '../archive/archive.ts'
import { readWhere } from '../archive/find-transactions.ts'
import { refTo } from '../binlog/transaction.ts'
import { nameFold } from '../image/database-names.ts'
import type { LaterChanges, Skipped } from '../image/restore-plan-parts.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import type { OperationOptions } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import { checkPlan } from './check-plan.ts'
import { LaterChangesFinder } from './plan/later-changes.ts'

/**
 * Reads what a plan replays behind its skipped transactions, as far as it may touch the same tables, and says what does.
 * Throws `Unreplayable` when the rest does not fit without them.
 */
export async function readLaterChanges(
  archive: Archive,
  facts: TimelineFacts,
  plan: RestorePlan,
  { transactions }: Pick<Skipped, 'transactions'>,
  options: OperationOptions,
): Promise<readonly LaterChanges[]> {
  const [first] = transactions
  if (first === undefined) return []
  const segments = checkPlan(archive, facts, plan)
  const behind = segments.slice(
    segments.findIndex(({ fileId, to }) => fileId === first.fileId && to > first.start.offset),
  )
  const finder = new LaterChangesFinder({ transactions }, nameFold(plan.image.backup.server))
  const totalBytes = behind.reduce((sum, { blob }) => sum + blob.content.bytes, 0)
  const meter = new ProgressMeter('plan:read', 'archived log behind what is skipped', options.onProgress, {
    totalBytes,
  })
  for (const segment of behind) {
    const { fileId, file, touched, blob } = segment
    const from = fileId === first.fileId ? first.start.offset : 0
    const to = fileId === plan.stop.fileId ? plan.stop.position.offset : Number.POSITIVE_INFINITY
    if (finder.concerns(touched)) {
      const mayTouch = (part: Pick<typeof segment, 'touched'>): boolean => finder.concerns(part.touched)
      for await (const transaction of readWhere(archive, segment, mayTouch, options)) {
        if (transaction.start >= from && transaction.end <= to)
          finder.add(transaction, refTo(transaction, { file, fileId }))
      }
    }
    meter.add(blob.content.bytes, undefined, file)
  }
  meter.finish()
  return finder.found
}
