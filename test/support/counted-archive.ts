import { Archive } from '../../src/archive/archive.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { SOURCE } from '../archive/samples.ts'
import { temporaryPlace } from '../storage/temporary-place.ts'
import { countingStorage } from './counting-storage.ts'
import type { StorageCounts } from './counting-storage.ts'

/** An archive with one timeline in a folder of its own, and what is asked of its storage. */
export interface CountedArchive extends AsyncDisposable {
  readonly path: string
  readonly archive: Archive
  readonly timelineId: string
  readonly counts: StorageCounts
}

/** Makes one. */
export async function countedArchive(): Promise<CountedArchive> {
  const place = await temporaryPlace()
  const { storage, counts } = countingStorage(directoryStorage(place.path))
  const archive = await Archive.create(storage)
  const { id: timelineId } = await archive.createTimeline(SOURCE)
  return {
    path: place.path,
    archive,
    timelineId,
    counts,
    [Symbol.asyncDispose]: async () => await place[Symbol.asyncDispose](),
  }
}
