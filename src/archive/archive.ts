import { randomBytes } from 'node:crypto'
import { Timestamp } from '../coordinates/timestamp.ts'
import { PitrError } from '../errors.ts'
import type { BackupPart } from '../image/backup-image.ts'
import type { Segment } from '../image/segment.ts'
import type { ImageFacts } from '../image/timeline-facts.ts'
import { readBlob, readFrames, readTrailer, verifyBlob, writeBlob } from '../storage/blob.ts'
import type { ByteRange, Storage, StorageOptions } from '../storage/storage.ts'
import { writeCatalogue } from './catalogue.ts'
import { recordCoverage } from './coverage.ts'
import type { PassCoverage } from './coverage.ts'
import {
  ARCHIVE_KEY,
  HISTORY_PREFIX,
  isBlobKeyOfSegment,
  isPartKey,
  partKey,
  segmentKey,
  TIMELINES_PREFIX,
} from './layout.ts'
import { readManifest, writeManifest } from './manifest-store.ts'
import { isCode } from './is-code.ts'
import { parseArchiveManifest, serializeArchiveManifest } from './manifests/archive-manifest.ts'
import type { ArchiveManifest } from './manifests/archive-manifest.ts'
import { corruptManifest } from './manifests/envelope.ts'
import { parseSegmentIndex } from './manifests/segment-index.ts'
import type { SegmentIndex } from './manifests/segment-index.ts'
import { readFacts } from './read-facts.ts'
import type { ArchiveFacts } from './read-facts.ts'
import type { Timeline } from './timeline.ts'
import { createTimeline, readTimeline, readTimelines } from './timelines.ts'
import type { NewTimeline } from './timelines.ts'
import { writeImage } from './write-image.ts'
import { writeSegment } from './write-segment.ts'
import type { SegmentDraft } from './write-segment.ts'

export type { ArchiveFacts } from './read-facts.ts'
export type { Timeline } from './timeline.ts'
export type { NewTimeline } from './timelines.ts'
export type { SegmentDraft } from './write-segment.ts'

/**
 * What is in a storage: timelines with their images and their log. Everything is written once, bytes before the manifest
 * that makes them count, so a process can be killed at any moment and do the same again. Nothing is kept in memory.
 *
 * Every method throws what the storage throws: `StorageFailed`, `Aborted`. What is read can be `CorruptManifest` or
 * `UnknownFormat`.
 */
export class Archive {
  /** Random; tells two archives apart. */
  readonly id: string
  /** Where it lies. */
  readonly storage: Storage

  private constructor(storage: Storage, { archiveId }: ArchiveManifest) {
    this.id = archiveId
    this.storage = storage
  }

  /** Makes a new, empty archive. Throws `ArchiveExists` when there is one, `InvalidArgument` when the place holds anything else. */
  static async create(storage: Storage, options: StorageOptions = {}): Promise<Archive> {
    await requireEmpty(storage, options)
    const manifest: ArchiveManifest = {
      archiveId: randomBytes(16).toString('hex'),
      createdAt: new Timestamp(Date.now() * 1000, 'microsecond'),
    }
    try {
      await writeManifest(storage, ARCHIVE_KEY, serializeArchiveManifest(manifest), parseArchiveManifest, options)
    } catch (error) {
      throw isCode(error, 'ObjectConflict') ? archiveExists(storage, error) : error
    }
    return new Archive(storage, manifest)
  }

  /** Opens an archive; writes nothing. Throws `ArchiveNotFound` when there is none. */
  static async open(storage: Storage, options: StorageOptions = {}): Promise<Archive> {
    try {
      return new Archive(storage, await readManifest(storage, ARCHIVE_KEY, parseArchiveManifest, options))
    } catch (error) {
      throw isCode(error, 'ObjectMissing') ? archiveNotFound(storage, error) : error
    }
  }

  /** The timelines; none before the first backup. */
  async timelines(options: StorageOptions = {}): Promise<readonly Timeline[]> {
    return readTimelines(this.storage, options)
  }

  /** The only timeline. Throws `NoImage` before there is one, `UnknownFormat` when there are several. */
  async timeline(options: StorageOptions = {}): Promise<Timeline> {
    const [timeline, ...others] = await this.timelines(options)
    if (timeline === undefined) throw noTimeline(this.storage)
    if (others.length > 0) throw severalTimelines(this.storage, others.length + 1)
    return timeline
  }

  /** Begins the timeline of a server, or finds it when it has begun. */
  async createTimeline(timeline: NewTimeline, options: StorageOptions = {}): Promise<Timeline> {
    return createTimeline(this.storage, this.id, timeline, options)
  }

  /**
   * All that is recorded about a timeline. Bytes are not read: {@link ArchiveFacts.damaged} names those that are missing
   * or of another size, the rest shows when they are read. Throws `CorruptManifest` for the first manifest that is damaged.
   */
  async readFacts(timelineId: string, options: StorageOptions = {}): Promise<ArchiveFacts> {
    const facts = await this.readSoundFacts(timelineId, options)
    const [damage] = facts.unreadable
    if (damage !== undefined) throw damage.error
    return facts
  }

  /** What {@link Archive.readFacts} reads, without the manifests that are damaged: {@link ArchiveFacts.unreadable} names them. */
  async readSoundFacts(timelineId: string, options: StorageOptions = {}): Promise<ArchiveFacts> {
    return readFacts(this.storage, await readTimeline(this.storage, timelineId, options), options)
  }

  /** Stores a segment. The same again is a no-op; another one at the same place throws `ObjectConflict`. */
  async writeSegment(draft: SegmentDraft, options: StorageOptions = {}): Promise<Segment> {
    return writeSegment(this.storage, draft, options)
  }

  /**
   * The bytes of a segment, checked: only an iteration that ended is proof. Throws `ObjectMissing`, `ChecksumMismatch`,
   * and `CorruptManifest` when the segment names bytes that are not a segment's.
   */
  async *readSegment(segment: Segment, options: StorageOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    if (!isBlobKeyOfSegment(segment.blob.key, segment)) throw elsewhere(segmentKey(segment))
    yield* readBlob(this.storage, segment.blob, options)
  }

  /** The sparse index of a segment; undefined when it has none. Throws `ObjectMissing`, `ChecksumMismatch` or `CorruptManifest`. */
  async readSegmentIndex(segment: Segment, options: StorageOptions = {}): Promise<SegmentIndex | undefined> {
    if (segment.index === undefined) return undefined
    if (!isBlobKeyOfSegment(segment.blob.key, segment)) throw elsewhere(segmentKey(segment))
    return parseSegmentIndex(await readTrailer(this.storage, segment.blob, segment.index, options), segment)
  }

  /** The bytes of a part of a segment's binlog file, checked by the hashes of its index, without reading the rest. Throws as {@link Archive.readSegment}. */
  async *readSegmentPart(
    segment: Segment,
    { frames }: SegmentIndex,
    { start, end }: ByteRange,
    options: StorageOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (!isBlobKeyOfSegment(segment.blob.key, segment)) throw elsewhere(segmentKey(segment))
    const range = { start: start - segment.from, end: end - segment.from }
    yield* readFrames(this.storage, segment.blob, frames, range, options)
  }

  /** Reads a segment and checks it, without keeping anything. Throws as {@link Archive.readSegment}. */
  async verifySegment(segment: Segment, options: StorageOptions = {}): Promise<void> {
    await verifyBlob(this.storage, segment.blob, options)
  }

  /** Stores one part of a backup that is being taken. It belongs to no image before {@link Archive.writeImage}. */
  async writeBackupPart(
    timelineId: string,
    imageId: string,
    name: string,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: StorageOptions = {},
  ): Promise<BackupPart> {
    return { name, blob: await writeBlob(this.storage, partKey(timelineId, imageId, name), bytes, options) }
  }

  /** The bytes of one part of a backup, checked as those of {@link Archive.readSegment}. */
  async *readBackupPart(part: BackupPart, options: StorageOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    if (!isPartKey(part.blob.key)) throw elsewhere(part.name)
    yield* readBlob(this.storage, part.blob, options)
  }

  /** Makes an image exist; its parts must be stored. The same again is a no-op. */
  async writeImage(
    timelineId: string,
    image: Omit<ImageFacts, 'timelineId'>,
    options: StorageOptions = {},
  ): Promise<ImageFacts> {
    const facts: ImageFacts = { ...image, timelineId }
    await writeImage(this.storage, facts, options)
    return facts
  }

  /** Makes later readings of the facts cheap: gathers what was read segment by segment, where it is worth it. Changes no fact. */
  async writeCatalogue({ uncatalogued }: ArchiveFacts, options: StorageOptions = {}): Promise<void> {
    await writeCatalogue(this.storage, uncatalogued, options)
  }

  /**
   * Records until when and where the log of a timeline is complete; takes the place of what was recorded before, but for a
   * later time that still stands, and for an end that is further in the log. Returns the time that is recorded then.
   */
  async recordCoverage(timelineId: string, coverage: PassCoverage, options: StorageOptions = {}): Promise<Timestamp> {
    return recordCoverage(this.storage, timelineId, coverage, options)
  }
}

async function requireEmpty(storage: Storage, options: StorageOptions): Promise<void> {
  if ((await storage.stat(ARCHIVE_KEY, options)) !== undefined) throw archiveExists(storage)
  for await (const { key } of storage.list('', options)) {
    const isOurs = key === ARCHIVE_KEY || key.startsWith(TIMELINES_PREFIX) || key.startsWith(HISTORY_PREFIX)
    if (isOurs) throw archiveExists(storage)
    throw new PitrError('InvalidArgument', {
      subject: storage.description,
      message: `${storage.description} holds other things already, such as ${key}`,
      hint: 'An archive needs a place of its own: use an empty or a new folder.',
      details: { key },
    })
  }
}

function archiveExists(storage: Storage, cause?: unknown): PitrError {
  return new PitrError('ArchiveExists', {
    subject: storage.description,
    message: `${storage.description} holds an archive, or parts of one`,
    hint: 'Open it with RecoveryImageManager.open, or choose another place.',
    cause,
  })
}

function archiveNotFound(storage: Storage, cause: unknown): PitrError {
  return new PitrError('ArchiveNotFound', {
    subject: storage.description,
    message: `There is no archive in ${storage.description}`,
    hint: 'Check the path and whether the disk is mounted. A new archive is made with RecoveryImageManager.create (`backup --create`).',
    cause,
  })
}

function noTimeline(storage: Storage): PitrError {
  return new PitrError('NoImage', {
    subject: storage.description,
    message: `The archive in ${storage.description} holds nothing yet`,
    hint: 'Take a backup first.',
  })
}

function severalTimelines(storage: Storage, count: number): PitrError {
  return new PitrError('UnknownFormat', {
    subject: storage.description,
    message: `The archive in ${storage.description} holds ${count} timelines; this version works with one`,
    hint: 'Two servers may have begun to write to one archive, or a later version of mysql-pitr did. Give each database an archive of its own.',
    details: { count },
  })
}

function elsewhere(key: string): PitrError {
  return corruptManifest(key, 'its bytes are said to lie at another place')
}
