import type { RestorePlan } from '../../image/restore-plan.ts'
import { SILENT_LOGGER } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import type { TargetContent } from './check-content.ts'
import type { HeldTarget } from './held-target.ts'
import { isolateTarget } from './isolate-target.ts'
import type { MarkerState } from './marker-manifest.ts'
import { markBegun, writeMarker } from './marker.ts'
import { wipeTarget } from './wipe-target.ts'

/**
 * The first write: marks and isolates an empty target, or brings one that an earlier try of this plan left half restored back to that
 * state. Returns what the target was before.
 */
export async function beginOn(
  target: HeldTarget,
  plan: RestorePlan,
  content: TargetContent,
  options: OperationOptions,
): Promise<MarkerState> {
  if (content.kind === 'empty') {
    const state: MarkerState = { ownGtids: content.ownGtids, ownAccounts: content.ownAccounts }
    await writeMarker(target.session, plan.hash, state)
    return isolateTarget(target, state, plan.image.backup.server)
  }
  const { logger = SILENT_LOGGER } = options
  // Isolated, it would not show any more that it was restarted.
  await markBegun(target.session)
  logger.info(`the target holds a part of this plan since ${content.marker.startedAt} UTC: it is wiped and begun again`)
  const before: MarkerState = { ...content.marker.state, loaded: undefined }
  const state = await isolateTarget(target, before, plan.image.backup.server)
  await wipeTarget(target, state, options)
  // Accounts that were made again are open.
  return isolateTarget(target, state, plan.image.backup.server)
}
