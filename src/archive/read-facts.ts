import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import type { Blob, Segment } from '../image/segment.ts'
import type { DamagedBytes, ImageFacts, TimelineFacts } from '../image/timeline-facts.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { readCoverage } from './coverage.ts'
import { binlogsPrefix, imageKey, imagesPrefix, isImageKey, isSegmentKey, segmentKey } from './layout.ts'
import { readManifest } from './manifest-store.ts'
import { parseImageManifest } from './manifests/image-manifest.ts'
import { parseSegmentManifest } from './manifests/segment-manifest.ts'
import { mapConcurrently } from './map-concurrently.ts'
import type { Timeline } from './timeline.ts'

/** Enough to hide the latency of an object store. */
const MANIFESTS_AT_A_TIME = 32

/** {@link DamagedBytes}, and who names them. What the bytes are is found out when they are read. */
export interface DamagedBlob extends DamagedBytes {
  /** Key of the manifest that names them. */
  readonly manifest: string
}

/** {@link TimelineFacts} of an archive, with what its listing showed to be damaged. */
export interface ArchiveFacts extends TimelineFacts {
  /** Images and segments whose bytes are not there stay listed: a lost backup is no reason to forget that there was one. */
  readonly damaged: readonly DamagedBlob[]
}

/**
 * Lists a timeline and reads its manifests. Archiving may go on meanwhile, so the order counts: what is read first never
 * points to something that is not listed later. An image has its manifest last and points into the log; coverage says
 * until where the log goes.
 */
export async function readFacts(
  storage: Storage,
  { id: timelineId, flavor }: Timeline,
  options: StorageOptions,
): Promise<ArchiveFacts> {
  const coveredUntil = await readCoverage(storage, timelineId, options)
  const images = await readFolder(storage, imagesPrefix(timelineId), isImageKey, parseImageManifest, options)
  const log = await readFolder(storage, binlogsPrefix(timelineId), isSegmentKey, parseSegmentManifest, options)
  const named = [...images.values.flatMap(blobsOfImage), ...log.values.map(blobOfSegment)]
  const sizes = new Map([...images.sizes, ...log.sizes])
  return {
    timelineId,
    flavor,
    images: images.values,
    segments: log.values.toSorted(compareInLog),
    ...(coveredUntil === undefined ? {} : { coveredUntil }),
    damaged: await findDamaged(storage, named, sizes, options),
  }
}

interface Folder<T> {
  readonly values: readonly T[]
  /** Of everything in it that is no manifest. */
  readonly sizes: ReadonlyMap<string, number>
}

async function readFolder<T>(
  storage: Storage,
  prefix: string,
  isManifest: (key: string) => boolean,
  parse: (text: string, key: string) => T,
  options: StorageOptions,
): Promise<Folder<T>> {
  const manifests: string[] = []
  const sizes = new Map<string, number>()
  for await (const { key, bytes } of storage.list(prefix, options)) {
    if (isManifest(key)) manifests.push(key)
    else sizes.set(key, bytes)
  }
  const read = (key: string) => readManifest(storage, key, parse, options)
  return { values: await mapConcurrently(manifests, MANIFESTS_AT_A_TIME, read), sizes }
}

/** Names of binlog files count up in one timeline; whether the ranges join is for the chain to prove. */
function compareInLog(a: Segment, b: Segment): number {
  return (
    binlogFileNumber(a.file) - binlogFileNumber(b.file) ||
    (a.fileId < b.fileId ? -1 : Number(a.fileId > b.fileId)) ||
    a.from - b.from ||
    a.to - b.to
  )
}

interface NamedBlob {
  readonly blob: Blob
  readonly manifest: string
}

function blobsOfImage(image: ImageFacts): NamedBlob[] {
  return image.backup.parts.map(({ blob }) => ({ blob, manifest: imageKey(image.timelineId, image.id) }))
}

function blobOfSegment(segment: Segment): NamedBlob {
  return { blob: segment.blob, manifest: segmentKey(segment) }
}

async function findDamaged(
  storage: Storage,
  named: readonly NamedBlob[],
  sizes: ReadonlyMap<string, number>,
  options: StorageOptions,
): Promise<DamagedBlob[]> {
  const suspects = named.filter(({ blob }) => sizes.get(blob.key) !== blob.stored.bytes)
  // Asked one by one, because bytes written while the listing was on its way may not be in it.
  const damaged = await mapConcurrently(suspects, MANIFESTS_AT_A_TIME, async ({ blob, manifest }) => {
    const found = await storage.stat(blob.key, options)
    if (found?.bytes === blob.stored.bytes) return []
    const problem: DamagedBlob['problem'] = found === undefined ? 'missing' : 'size'
    return [{ key: blob.key, manifest, problem }]
  })
  return damaged.flat()
}
