import { createHash } from 'node:crypto'
import { Timestamp } from '../coordinates/timestamp.ts'
import { PitrError } from '../errors.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { isCode } from './is-code.ts'
import { HISTORY_PREFIX, TIMELINES_PREFIX, timelineIdOf, timelineKey } from './layout.ts'
import { readManifest, writeManifest } from './manifest-store.ts'
import { parseTimelineManifest, serializeTimelineManifest } from './manifests/timeline-manifest.ts'
import type { Timeline } from './timeline.ts'

/** What a timeline is made from. */
export type NewTimeline = Pick<Timeline, 'flavor' | 'source'>

/**
 * The timelines of an archive, in ascending order of their ids. Throws `ObjectMissing` when there are objects of a timeline
 * whose manifest is not there: it is written before them.
 */
export async function readTimelines(storage: Storage, options: StorageOptions): Promise<Timeline[]> {
  const timelines: Timeline[] = []
  for await (const { key } of storage.list(TIMELINES_PREFIX, options)) {
    if (timelineIdOf(key) === undefined) continue
    timelines.push(await readManifest(storage, key, parseTimelineManifest, options))
  }
  if (timelines.length > 0) return timelines
  for await (const { key } of storage.list(HISTORY_PREFIX, options)) throw lost(storage, key)
  return timelines
}

/** The timeline with this id. Throws `ObjectMissing`. */
export async function readTimeline(storage: Storage, timelineId: string, options: StorageOptions): Promise<Timeline> {
  return readManifest(storage, timelineKey(timelineId), parseTimelineManifest, options)
}

/**
 * Begins the timeline of a server, or finds it: its id follows from the archive and the server's identity, so whoever
 * begins it twice or at the same time gets the same one.
 */
export async function createTimeline(
  storage: Storage,
  archiveId: string,
  { flavor, source }: NewTimeline,
  options: StorageOptions,
): Promise<Timeline> {
  const id = timelineIdFor(archiveId, { flavor, source })
  const timeline: Timeline = { id, flavor, source, createdAt: new Timestamp(Date.now() * 1000, 'microsecond') }
  try {
    const found = await storage.stat(timelineKey(id), options)
    if (found !== undefined) return await readTimeline(storage, id, options)
    await writeManifest(storage, timelineKey(id), serializeTimelineManifest(timeline), parseTimelineManifest, options)
    return timeline
  } catch (error) {
    if (!isCode(error, 'ObjectConflict')) throw error
    return readTimeline(storage, id, options)
  }
}

function timelineIdFor(archiveId: string, { flavor, source }: NewTimeline): string {
  const identity = JSON.stringify([archiveId, flavor, source.serverId, source.serverUuid ?? null])
  return createHash('sha256').update(identity).digest('hex').slice(0, 16)
}

function lost(storage: Storage, stray: string): PitrError {
  const key = timelineKey(stray.slice(HISTORY_PREFIX.length).split('/')[0] ?? '')
  return new PitrError('ObjectMissing', {
    subject: key,
    message: `${storage.description} holds objects of a timeline, such as ${stray}, but not its manifest ${key}`,
    hint: 'Bring this object back from a copy of the storage.',
    details: { key },
  })
}
