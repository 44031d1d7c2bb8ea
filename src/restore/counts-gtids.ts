import type { RestorePlan } from '../image/restore-plan.ts'
import { replayDialect } from '../server/flavor/replay-dialect-of.ts'
import { hasGtids } from './has-gtids.ts'
import type { HeldTarget } from './target/held-target.ts'

/** Whether a target counts the GTIDs of a history as executed when it is replayed. */
export async function countsGtids({ server, session }: HeldTarget, plan: RestorePlan): Promise<boolean> {
  if (!hasGtids(plan)) return false
  return replayDialect(server.flavor).countsWithoutLog || (await session.value('SELECT @@GLOBAL.log_bin')) === '1'
}
