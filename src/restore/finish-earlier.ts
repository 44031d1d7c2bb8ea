import { PitrError } from '../errors.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import type { OperationOptions } from '../options.ts'
import { finish } from './finish.ts'
import type { IsolationEnd } from './finish.ts'
import { leaving } from './leaving.ts'
import type { HeldTarget } from './target/held-target.ts'
import { isolateTarget } from './target/isolate-target.ts'
import type { MarkerState } from './target/marker-manifest.ts'
import type { Marker } from './target/marker.ts'

/** Goes on where an earlier run was stopped behind its proof. Throws `InvalidArgument` when it is too late to keep the target isolated. */
export async function finishEarlier(
  target: HeldTarget,
  plan: RestorePlan,
  { phase, state }: Marker,
  isolation: IsolationEnd,
  options: OperationOptions,
): Promise<void> {
  if (isolation === 'keep' && phase === 'releasing') {
    throw new PitrError('InvalidArgument', {
      subject: 'isolation: keep',
      message: 'an earlier run proved this target and began to lift its isolation: others may use it already',
      hint: "It is whole. Lift the rest with releaseTarget(server), or restore the same plan again with isolation: 'lift'.",
      details: { planHash: plan.hash, phase },
    })
  }
  // The earlier run was to open it; and a restart may have.
  const final =
    isolation === 'keep'
      ? await leaving(plan.hash, 'proved', () => isolateTarget(target, state, plan.image.backup.server))
      : state
  await finish({ target, planHash: plan.hash, state: final }, isolation, options)
}

/** Whether somebody wrote to a target since it was proved: a warning then. */
export async function writtenSince(
  { server, session }: HeldTarget,
  { provedGtids }: MarkerState,
): Promise<readonly string[]> {
  const now = await server.dialect.executedGtids(session)
  if (provedGtids === undefined || now === provedGtids) return []
  return [`the target was written to since it was proved: it has executed "${now}", and had "${provedGtids}" then`]
}
