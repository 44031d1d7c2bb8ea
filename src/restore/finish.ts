import { PitrError } from '../errors.ts'
import { SILENT_LOGGER, throwIfAborted } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import type { Server } from '../server/server.ts'
import { leaving } from './leaving.ts'
import { putBackDurability } from './target/durability.ts'
import { holdTarget } from './target/held-target.ts'
import type { HeldTarget } from './target/held-target.ts'
import { releaseIsolation } from './target/isolate-target.ts'
import type { MarkerState } from './target/marker-manifest.ts'
import { dropMarker, isProved, markReleasing, readMarker } from './target/marker.ts'

/** What becomes of the isolation of a restored target. */
export type IsolationEnd = 'lift' | 'keep'

/** What a proved target is finished by. */
export interface ProvedTarget {
  readonly target: HeldTarget
  /** Hash of the plan it holds. */
  readonly planHash: string
  /** What it was before. */
  readonly state: MarkerState
}

/**
 * Gives a proved target to its users: settings back, isolation lifted, the mark removed last. That it begins is recorded
 * first, so that nobody takes a target for isolated that others may use. Can be done again; an error says how far it came.
 */
export async function finish(
  { target, planHash, state: proved }: ProvedTarget,
  isolation: IsolationEnd,
  { onProgress, logger = SILENT_LOGGER }: OperationOptions,
): Promise<void> {
  const meter = new ProgressMeter('restore:finish', 'the target', onProgress)
  const state = await leaving(planHash, 'proved', () => putBackDurability(target, proved))
  if (isolation === 'lift') {
    await leaving(planHash, 'proved', () => markReleasing(target.session))
    await leaving(planHash, 'releasing', () => releaseIsolation(target, state))
    await leaving(planHash, 'released', () => dropMarker(target.session))
    logger.info('the isolation of the target is lifted')
  }
  meter.finish()
}

/**
 * Lifts the isolation of a target that was restored with `isolation: 'keep'`, or whose restore was stopped behind its proof:
 * everybody can use it from then on. Throws
 * `ProofFailed` when the target is only half restored, `InvalidArgument` when it was not restored by this library,
 * `TargetBusy` while a restore works on it, `Aborted` when it was stopped by its signal before it changed anything.
 *
 * @example
 * ```ts
 * await manager.restore(plan, { into: { kind: 'server', server }, isolation: 'keep' })
 * await lookAround(server)
 * await releaseTarget(server)
 * ```
 */
export async function releaseTarget(server: Server, options: OperationOptions = {}): Promise<void> {
  throwIfAborted(options.signal, 'opening the target')
  await using target = await holdTarget(server)
  const marker = await readMarker(target.session)
  if (marker === undefined) {
    throw new PitrError('InvalidArgument', {
      subject: 'the target',
      message: 'the server carries no mark of a restore',
      hint: 'Its isolation was lifted already, or it is another server.',
    })
  }
  if (!isProved(marker.phase)) {
    throw new PitrError('ProofFailed', {
      subject: `plan ${marker.planHash}`,
      message: `the restore of plan ${marker.planHash} did not come to its end on this server: it holds a part of it only`,
      hint: 'Run the restore of that plan again.',
    })
  }
  throwIfAborted(options.signal, 'opening the target')
  await finish({ target, ...marker }, 'lift', options)
}
