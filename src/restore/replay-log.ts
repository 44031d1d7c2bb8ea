import { randomBytes } from 'node:crypto'
import type { Archive } from '../archive/archive.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import type { OperationOptions } from '../options.ts'
import type { Server } from '../server/server.ts'
import type { PlannedFile } from './log/planned-file.ts'
import { replayFiles } from './log/replay-files.ts'
import type { Replayer, ReplayResult } from './replay/replayer.ts'
import { leaveNonce } from './target/marker.ts'

/** What a replay says it did, and the nonce that must be found on the target if it did. */
export interface Replayed extends ReplayResult {
  readonly nonce: string
}

/** Replays the planned files on the target. Throws `ReplayFailed` or what reading them throws. */
export async function replayLog(
  archive: Archive,
  plan: RestorePlan,
  files: readonly PlannedFile[],
  replayer: Replayer,
  target: Server,
  options: OperationOptions,
): Promise<Replayed> {
  const nonce = randomBytes(16).toString('hex')
  const wantedBytes = files
    .flatMap(({ prepared, wanted }) => [...prepared, ...wanted])
    .reduce((sum, { from, to }) => sum + to - from, 0)
  const result = await replayer.replay({
    ...options,
    target,
    files: replayFiles(archive, files, options),
    expected: { ...plan.replayed, bytes: wantedBytes },
    sentinel: [...target.dialect.unloggedSession, leaveNonce(nonce)],
  })
  return { ...result, nonce }
}
