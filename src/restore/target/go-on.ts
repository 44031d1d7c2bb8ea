import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import { PitrError } from '../../errors.ts'
import { SILENT_LOGGER } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import type { LeftOver } from '../log/earlier-replay.ts'
import { isDurable } from './durability.ts'
import type { HeldTarget } from './held-target.ts'
import type { LoadedBy, MarkerState } from './marker-manifest.ts'
import { markBegun, markLoaded } from './marker.ts'

/** Goes on: makes the target count the transactions that were applied as a part of a later one, too. */
export async function goOnBehind(
  { server, session }: HeldTarget,
  { done: { at, gtids } }: LeftOver,
  { logger = SILENT_LOGGER }: OperationOptions,
): Promise<void> {
  logger.info(
    `an earlier run loaded the backup and replayed the log up to ${formatBinlogPosition(at)}: it goes on there`,
  )
  const { flavor, dialect } = server
  const missing = gtids.subtract(parseGtidSet(flavor, await dialect.executedGtids(session)))
  if (!missing.isEmpty) await dialect.addExecutedGtids(session, missing.toString())
  const found = await dialect.executedGtids(session)
  if (parseGtidSet(flavor, found).equals(gtids)) return
  throw new PitrError('ProofFailed', {
    subject: 'executed GTIDs',
    message: `the target has executed "${found}" where "${String(gtids)}" was expected`,
    hint: 'Somebody else may have written to the target. Run the same restore again.',
    details: { found, expected: gtids.toString() },
  })
}

/** Records that the backup is loaded, and what another run needs to know to go on behind that. */
export async function markGoingOn({ session }: HeldTarget, state: MarkerState, by: LoadedBy): Promise<MarkerState> {
  const loaded = { ...state, loaded: { ...by, durable: await isDurable(session), restarted: false } }
  await markLoaded(session, loaded)
  return loaded
}

/**
 * Replays and proves. What the server refused, and what is not as it should be, would be so again: nobody goes on behind
 * that. A replay that was stopped otherwise can be gone on with.
 */
export async function orBeginAnew<Result>({ session }: HeldTarget, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // The session may be gone as well: then the next run finds the same, and records it.
    if (error instanceof PitrError && isFinal(error)) await Promise.allSettled([markBegun(session)])
    throw error
  }
}

function isFinal({ code, details }: PitrError): boolean {
  return code === 'ProofFailed' || (code === 'ReplayFailed' && details['answer'] !== 'ConnectionFailed')
}
