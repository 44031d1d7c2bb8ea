import type { RestorePlan } from '../image/restore-plan.ts'

/** Whether the history of a plan has GTIDs. A log without any still says of each file that the set before it is empty. */
export function hasGtids({ gtids }: Pick<RestorePlan, 'gtids'>): boolean {
  return gtids !== undefined && !gtids.after.isEmpty
}
