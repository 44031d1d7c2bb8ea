import type { RestoreTarget } from '../../../src/image/restore-target.ts'
import { commonScope, sumSpan } from '../../../src/restore/plan/divided-span.ts'
import { locateDetailed, locateTarget } from '../../../src/restore/plan/locate-target.ts'
import { segmentOf } from '../../../src/restore/plan/log-span.ts'
import type { LogSpan } from '../../../src/restore/plan/log-span.ts'
import { LogView } from '../../../src/restore/plan/log-view.ts'
import type { SpanDetails } from '../../../src/restore/plan/log-view.ts'
import type { PlannerOptions } from '../../../src/restore/plan/plan-options.ts'
import type { TimelineFacts } from '../../../src/image/timeline-facts.ts'
import type { History } from './history.ts'

/** The log as a caller reads it for a plan: only what it is told to read; of that the sum where it is enough, unless all is kept. */
export function readForPlan(
  facts: TimelineFacts,
  history: History,
  target: RestoreTarget,
  options: PlannerOptions,
  keep: 'sums' | 'all' = 'sums',
): LogView {
  const log = LogView.of(facts)
  const detailed = locateDetailed(log, target, options)
  const scope = keep === 'sums' ? commonScope(log.images, undefined) : undefined
  const details = new Map(
    locateTarget(log, target, options).map((span): [LogSpan, SpanDetails] => {
      const transactions = history.details.get(segmentOf(span).blob.key) ?? []
      return [span, scope === undefined || detailed.has(span) ? transactions : sumSpan(transactions, scope)]
    }),
  )
  return log.with(details)
}
