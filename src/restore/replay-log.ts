import { randomBytes } from 'node:crypto'
import type { Archive } from '../archive/archive.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import type { OperationOptions } from '../options.ts'
import { countsGtids } from './counts-gtids.ts'
import type { ReplayedPart } from './log/earlier-replay.ts'
import type { PlannedFile } from './log/planned-file.ts'
import { replayFiles } from './log/replay-files.ts'
import type { Replayer, ReplayNotes, ReplayResult } from './replay/replayer.ts'
import { blamingSkips } from './blaming-skips.ts'
import type { HeldTarget } from './target/held-target.ts'
import { leaveNonce } from './target/marker.ts'
import { leaveDoubt, leavePlace, leaveTextEnd } from './target/replay-progress.ts'

/** What a replay says it did, and the nonce that must be found on the target if it did. */
export interface Replayed extends ReplayResult {
  readonly nonce: string
}

/** What {@link replayLog} takes. */
export interface ReplayLogOptions extends OperationOptions {
  readonly target: HeldTarget
  readonly replayer: Replayer
  readonly preserveTransactions: boolean
  readonly verifyBefore: boolean
  /** Whether it notes where another run can go on. */
  readonly resumes: boolean
  /** What an earlier run replayed; the files begin behind it. */
  readonly done?: ReplayedPart | undefined
}

/** Replays the planned files on the target. Throws `ReplayFailed` or what reading them throws. */
export async function replayLog(
  archive: Archive,
  plan: RestorePlan,
  files: readonly PlannedFile[],
  { target, replayer, resumes, done, ...options }: ReplayLogOptions,
): Promise<Replayed> {
  const nonce = randomBytes(16).toString('hex')
  const { server } = target
  const wantedBytes = files
    .flatMap(({ prepared, wanted }) => [...prepared, ...wanted])
    .reduce((sum, { from, to }) => sum + to - from, done?.bytes ?? 0)
  const job = {
    ...options,
    target: server,
    files: replayFiles(archive, plan, files, options),
    expected: { ...plan.replayed, bytes: wantedBytes },
    done,
    notes: resumes ? notesOn(target, await countsGtids(target, plan)) : undefined,
    sentinel: [...server.dialect.unloggedSession, leaveNonce(nonce)],
  }
  const result = await blamingSkips(plan, () => replayer.replay(job))
  return { ...result, nonce }
}

// Not in the session of the replay: what is set in that one is the log's.
function notesOn({ session }: HeldTarget, countsGtids: boolean): ReplayNotes {
  let inSession = false
  return {
    placeSql: countsGtids ? undefined : leavePlace,
    textBegins: async () => void (await session.query(leaveDoubt('text'))),
    async textEnds(end, keepsState) {
      inSession ||= keepsState
      await session.query(leaveTextEnd(end, inSession ? 'session' : ''))
    },
  }
}
