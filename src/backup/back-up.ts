import { archiveOnce } from '../archive/archiver/archive-once.ts'
import { requireSource } from '../archive/archiver/source.ts'
import type { Archive, Timeline } from '../archive/archive.ts'
import { PitrError } from '../errors.ts'
import { SILENT_LOGGER, throwIfAborted } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import { requirePreflight } from '../server/preflight.ts'
import type { Server } from '../server/server.ts'
import type { BackupMethod } from './backup-method.ts'
import { describePosition } from './describe-position.ts'
import { newImageId } from './image-id.ts'
import { findNotInLog, readClaims } from './not-in-log.ts'
import { requireStableTables } from './require-stable-tables.ts'

/** What `RecoveryImageManager.backup` takes. */
export interface BackupOptions extends OperationOptions {
  /** How the base backup is taken. */
  readonly method: BackupMethod
}

/**
 * Takes a backup and makes it a recovery image: the image exists from the moment its manifest is written, which is last.
 * A backup that fails or is killed on the way leaves no image. Returns the id of the image.
 */
export async function backUp(archive: Archive, server: Server, options: BackupOptions): Promise<string> {
  const { method, signal, logger = SILENT_LOGGER } = options
  requireMethod(method)
  throwIfAborted(signal, 'the backup')
  await requirePreflight(server, 'backup', options)
  await method.check(server)
  const existing = await existingTimeline(archive, server, options)

  // Catch up first: a server that is not the archive's, or lost what is not archived, is found before hours of dumping.
  if (existing !== undefined) await catchUp(archive, existing, server, options)

  // Nothing is written before the method has its first part: what it refuses until then leaves no trace.
  const beginTimeline = once(async () => existing ?? (await newTimeline(archive, server, options)))
  const id = newImageId()
  const taken = await method.take({
    ...options,
    server,
    storePart: async (name, bytes) =>
      await archive.writeBackupPart((await beginTimeline()).id, id, name, bytes, { signal }),
  })

  const timeline = await beginTimeline()
  const claims = await readClaims(server, options)
  // The log through the end of the backup belongs to the image: it shows DDL during the dump and closes the image before.
  await archiveOnce(archive, timeline, server, { ...options, firstFile: taken.position.file })
  const facts = await archive.readFacts(timeline.id, { signal })
  await requireStableTables(archive, facts.segments, taken, options)
  const { fileId, gtidSet } = await describePosition(archive, facts, taken.position, options)
  const notInLog = await findNotInLog(archive, facts, taken.position, claims, options)
  for (const item of notInLog) logger.warn(`not in the backup: ${item}`)
  const backup = { ...taken.backup, notIncluded: [...taken.backup.notIncluded, ...notInLog] }

  const { position, startTime } = taken
  await archive.writeImage(timeline.id, { id, backup, position, fileId, gtidSet, startTime }, { signal })
  return id
}

// For callers without types.
function requireMethod(method: unknown): void {
  if (typeof method === 'object' && method !== null && 'take' in method) return
  throw new PitrError('InvalidArgument', {
    subject: 'method',
    message: 'method is not a way to take a backup',
    hint: 'Use what mysqldump() returns.',
  })
}

async function existingTimeline(
  archive: Archive,
  server: Server,
  options: BackupOptions,
): Promise<Timeline | undefined> {
  const timelines = await archive.timelines(options)
  if (timelines.length === 0) return undefined
  const timeline = await archive.timeline(options)
  requireSource(timeline, server)
  return timeline
}

async function newTimeline(
  archive: Archive,
  { flavor, version, identity }: Server,
  options: BackupOptions,
): Promise<Timeline> {
  const source = { serverId: identity.serverId, serverUuid: identity.serverUuid, version: version.text }
  return await archive.createTimeline({ flavor, source }, options)
}

async function catchUp(archive: Archive, timeline: Timeline, server: Server, options: BackupOptions): Promise<void> {
  const { segments } = await archive.readFacts(timeline.id, options)
  const [first] = segments
  if (first !== undefined) await archiveOnce(archive, timeline, server, { ...options, firstFile: first.file })
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined
  return () => (made ??= make())
}
