import type { RestorePlan } from '../../image/restore-plan.ts'
import type { OperationOptions } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { checkContent } from './check-content.ts'
import type { TargetContent } from './check-content.ts'
import { checkCompatible } from './check-target.ts'
import type { HeldTarget } from './held-target.ts'
import { isProved, readMarker } from './marker.ts'
import { requireOwnLog, requirePreserved } from './preserve.ts'

/** What {@link findContent} takes. */
interface FindContentOptions extends OperationOptions {
  /** Whether each transaction has to stay one in the target's log. */
  readonly preserves: boolean
}

/** Looks whether a target may be restored, and what it holds. Reads only. Throws what {@link checkCompatible} and {@link checkContent} do. */
export async function findContent(
  target: HeldTarget,
  plan: RestorePlan,
  { preserves, onProgress }: FindContentOptions,
): Promise<TargetContent> {
  const meter = new ProgressMeter('restore:check', 'the target', onProgress)
  const content = (await provedContent(target, plan, preserves)) ?? (await contentToRestore(target, plan, preserves))
  meter.finish()
  return content
}

/** Holds the plan already; it may be in use, and what a restore asks of a target does not matter any more. */
async function provedContent(
  { session }: HeldTarget,
  plan: RestorePlan,
  preserves: boolean,
): Promise<TargetContent | undefined> {
  const marker = await readMarker(session)
  if (marker?.planHash !== plan.hash || !isProved(marker.phase)) return undefined
  if (preserves) requirePreserved(marker)
  return { kind: 'marked', marker }
}

async function contentToRestore(target: HeldTarget, plan: RestorePlan, preserves: boolean): Promise<TargetContent> {
  await checkCompatible(target, plan)
  if (preserves) await requireOwnLog(target)
  return await checkContent(target, plan)
}
