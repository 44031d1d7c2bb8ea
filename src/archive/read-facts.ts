import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import type { Blob, Segment } from '../image/segment.ts'
import { PitrError } from '../errors.ts'
import type { Coverage, DamagedBytes, ImageFacts, TimelineFacts, UnreadableManifest } from '../image/timeline-facts.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { readCatalogue } from './catalogue.ts'
import type { Catalogue } from './catalogue.ts'
import { readCoverage } from './coverage.ts'
import {
  binlogsPrefix,
  coveragePrefix,
  imageKey,
  imagesPrefix,
  isImageKey,
  isSegmentKey,
  segmentKey,
  segmentPlaceOf,
} from './layout.ts'
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
  readonly unreadable: readonly UnreadableManifest[]
  /** The segments that are in no page, in log order: their manifests were read one by one. */
  readonly uncatalogued: readonly Segment[]
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
  const unreadable: UnreadableManifest[] = []
  const coveredUntil = await readCoverageIfSound(storage, timelineId, unreadable, options)
  const images = await listFolder(storage, imagesPrefix(timelineId), isImageKey, options)
  const imageFacts = await readAll(storage, [...images.manifests.keys()], parseImageManifest, unreadable, options)
  const catalogue = await readCatalogue(storage, timelineId, options)
  const log = await listFolder(storage, binlogsPrefix(timelineId), isSegmentKey, options)
  const { copied, others } = useCatalogue(catalogue, log)
  const uncatalogued = await readAll(storage, others, parseSegmentManifest, unreadable, options)
  const segments = [...copied, ...uncatalogued].toSorted(compareInLog)
  const isListed = ({ key, stored }: Blob) => (images.others.get(key) ?? log.others.get(key)) === stored.bytes
  const suspects = [
    ...imageFacts.flatMap(blobsOfImage).filter(({ blob }) => !isListed(blob)),
    ...segments.filter(({ blob }) => !isListed(blob)).map(blobOfSegment),
  ]
  return {
    timelineId,
    flavor,
    images: imageFacts,
    segments,
    ...(coveredUntil === undefined ? {} : { coveredUntil }),
    damaged: await findDamaged(storage, suspects, options),
    unreadable,
    uncatalogued: uncatalogued.toSorted(compareInLog),
  }
}

/** What lies below a prefix: sizes by key. */
interface Folder {
  readonly manifests: ReadonlyMap<string, number>
  readonly others: ReadonlyMap<string, number>
}

async function listFolder(
  storage: Storage,
  prefix: string,
  isManifest: (key: string) => boolean,
  options: StorageOptions,
): Promise<Folder> {
  const manifests = new Map<string, number>()
  const others = new Map<string, number>()
  for await (const { key, bytes } of storage.list(prefix, options)) {
    if (isManifest(key)) manifests.set(key, bytes)
    else others.set(key, bytes)
  }
  return { manifests, others }
}

async function readAll<T>(
  storage: Storage,
  keys: readonly string[],
  parse: (text: string, key: string) => T,
  unreadable: UnreadableManifest[],
  options: StorageOptions,
): Promise<T[]> {
  const read = async (key: string): Promise<T[]> => {
    try {
      return [await readManifest(storage, key, parse, options)]
    } catch (error) {
      unreadable.push(unreadableManifest(key, error))
      return []
    }
  }
  return (await mapConcurrently(keys, MANIFESTS_AT_A_TIME, read)).flat()
}

/** The copies that stand for listed manifests, and the keys of the manifests that must be read. */
function useCatalogue(catalogue: Catalogue, { manifests, others }: Folder): { copied: Segment[]; others: string[] } {
  const copied: Segment[] = []
  const rest: string[] = []
  for (const [key, bytes] of manifests) {
    const entry = catalogue.get(key)
    const isCurrent =
      entry?.manifestBytes === bytes && others.get(entry.segment.blob.key) === entry.segment.blob.stored.bytes
    if (isCurrent) copied.push(entry.segment)
    else rest.push(key)
  }
  return { copied, others: rest }
}

async function readCoverageIfSound(
  storage: Storage,
  timelineId: string,
  unreadable: UnreadableManifest[],
  options: StorageOptions,
): Promise<Coverage | undefined> {
  try {
    return await readCoverage(storage, timelineId, options)
  } catch (error) {
    unreadable.push(unreadableManifest(coveragePrefix(timelineId), error))
    return undefined
  }
}

/** Only damage is taken for what it is: a storage that fails, or a format of a later version, says nothing about the archive. */
function unreadableManifest(key: string, error: unknown): UnreadableManifest {
  if (!(error instanceof PitrError) || error.code !== 'CorruptManifest') throw error
  const place = segmentPlaceOf(key)
  if (place !== undefined) return { kind: 'segment', key, error, ...place }
  return { kind: isImageKey(key) ? 'image' : 'coverage', key, error }
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

/** Which bytes are damaged of those that are not listed as they should be: written while the listing was on its way, they may not be in it. */
async function findDamaged(
  storage: Storage,
  suspects: readonly NamedBlob[],
  options: StorageOptions,
): Promise<DamagedBlob[]> {
  const damaged = await mapConcurrently(suspects, MANIFESTS_AT_A_TIME, async ({ blob, manifest }) => {
    const found = await storage.stat(blob.key, options)
    if (found?.bytes === blob.stored.bytes) return []
    const problem: DamagedBlob['problem'] = found === undefined ? 'missing' : 'size'
    return [{ key: blob.key, manifest, problem }]
  })
  return damaged.flat()
}
