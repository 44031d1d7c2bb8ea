import { PitrError } from '../errors.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import { replayDialect } from '../server/flavor/replay-dialect-of.ts'
import { hasGtids } from './has-gtids.ts'
import type { HeldTarget } from './target/held-target.ts'

/** Whether a target counts the GTIDs of a history as executed when it is replayed. */
export async function countsGtids({ server, session }: HeldTarget, plan: RestorePlan): Promise<boolean> {
  if (!hasGtids(plan)) return false
  return replayDialect(server.flavor).countsWithoutLog || (await session.value('SELECT @@GLOBAL.log_bin')) === '1'
}

/** Throws `TargetIncompatible` when a plan wants what it skips counted as executed by a target that counts nothing of it. */
export function requireCountsSkipped({ skipped }: Pick<RestorePlan, 'skipped'>, counts: boolean): void {
  if (counts || skipped?.gtids !== 'executed') return
  throw new PitrError('TargetIncompatible', {
    subject: 'log_bin',
    message: 'the target writes no binary log, and so cannot count the GTIDs of what is skipped as executed',
    hint: 'Start the target with a binary log; or make the plan without `skippedGtids`.',
  })
}
