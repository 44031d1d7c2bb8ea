import type { Archive } from '../archive/archive.ts'
import type { BackupMethod, LoadContext } from '../backup/backup-method.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'
import { PitrError } from '../errors.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import { throwIfAborted } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import { replayDialect } from '../server/flavor/replay-dialect-of.ts'
import type { Server } from '../server/server.ts'
import type { PlannedFile } from './log/planned-file.ts'
import type { HeldTarget } from './target/held-target.ts'
import { leaveOut } from './target/leave-out.ts'

/** What loading takes beside the plan. */
export interface LoadOptions extends OperationOptions {
  /** Whether accounts are loaded. */
  readonly accounts: 'all' | 'none'
}

/** Finds the method that took a backup. Throws `InvalidArgument`. */
export function findMethod({ image }: RestorePlan, methods: readonly BackupMethod[]): BackupMethod {
  const found = methods.find(({ name }) => name === image.backup.method)
  if (found !== undefined) return found
  throw new PitrError('InvalidArgument', {
    subject: image.backup.method,
    message: `the backup was taken by the method "${image.backup.method}", which this restore was not given`,
    hint: `Known here: ${methods.map(({ name }) => name).join(', ')}. Pass the method in \`methods\`.`,
  })
}

/** Throws what would make loading fail from the start, `AccountCollision` among it. Writes nothing. */
export async function checkLoad(
  archive: Archive,
  plan: RestorePlan,
  method: BackupMethod,
  server: Server,
  options: LoadOptions,
): Promise<void> {
  await method.checkLoad(loadContext(archive, plan, server, options))
}

/** Reads and checks every byte of the backup, before anything is written; costs one more pass over it. */
export async function verifyBackup(archive: Archive, { image }: RestorePlan, options: OperationOptions): Promise<void> {
  const totalBytes = image.backup.bytes
  const meter = new ProgressMeter('restore:verify', 'backup', options.onProgress, { totalBytes })
  for (const part of image.backup.parts) {
    for await (const bytes of archive.readBackupPart(part, { signal: options.signal })) {
      throwIfAborted(options.signal, 'the restore')
      meter.add(bytes.length, undefined, part.name)
    }
  }
  meter.finish()
}

/**
 * Loads the backup, drops what is not restored of it, and makes the target count what is in it as executed. Throws `LoadFailed`, what reading throws, and
 * `ProofFailed` when the target's GTIDs are not its own and the image's then.
 */
export async function loadBackup(
  archive: Archive,
  plan: RestorePlan,
  method: BackupMethod,
  target: HeldTarget,
  ownGtids: string,
  files: readonly PlannedFile[],
  options: LoadOptions,
): Promise<void> {
  throwIfAborted(options.signal, 'the restore')
  await method.load(loadContext(archive, plan, target.server, options))
  await leaveOut(target, plan, options)
  await setExecutedGtids(target, ownGtids, gtidsOfImage(plan, target, files))
}

// A server that counts a transaction as executed would skip what the replay must do again.
function gtidsOfImage(
  { image }: RestorePlan,
  { server: { flavor } }: HeldTarget,
  files: readonly PlannedFile[],
): GtidSet | undefined {
  if (image.gtidSet === undefined || !replayDialect(flavor).skipsExecuted) return image.gtidSet
  const again = files.flatMap(({ prepared }) => prepared.flatMap(({ gtid }) => gtid ?? []))
  return image.gtidSet.subtract(parseGtidSet(flavor, '').withAll(again))
}

function loadContext(archive: Archive, { image }: RestorePlan, server: Server, options: LoadOptions): LoadContext {
  const { signal, onProgress, logger, accounts } = options
  return {
    server,
    backup: image.backup,
    startTime: image.startTime,
    readPart: (part) => archive.readBackupPart(part, { signal }),
    accounts,
    signal,
    onProgress,
    logger,
  }
}

// A dump that brought GTIDs along, or a load that used some up, would make the server skip archived transactions.
async function setExecutedGtids(
  { server, session }: HeldTarget,
  ownGtids: string,
  ofImage: GtidSet | undefined,
): Promise<void> {
  const { dialect, flavor } = server
  const before = await dialect.executedGtids(session)
  if (!parseGtidSet(flavor, before).equals(parseGtidSet(flavor, ownGtids)))
    throw differs('loading used up GTIDs', ownGtids, before)
  if (ofImage === undefined) return
  await dialect.addExecutedGtids(session, ofImage.toString())
  const expected = parseGtidSet(flavor, ownGtids).union(ofImage)
  const after = await dialect.executedGtids(session)
  if (!parseGtidSet(flavor, after).equals(expected))
    throw differs('setting the GTIDs of the image failed', expected.toString(), after)
}

function differs(what: string, expected: string, found: string): PitrError {
  return new PitrError('ProofFailed', {
    subject: 'executed GTIDs',
    message: `${what}: the target has executed "${found}" where "${expected}" was expected`,
    hint: 'Somebody else may have written to the target. Restore again.',
    details: { expected, found },
  })
}
