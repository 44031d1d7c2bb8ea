import { randomBytes } from 'node:crypto'
import { PitrError } from '../errors.ts'
import type { LogBlock } from '../image/log-block.ts'
import type { Digest, Segment } from '../image/segment.ts'
import { writeBlob } from '../storage/blob.ts'
import { digestOf } from '../storage/digester.ts'
import type { Frame } from '../storage/frames.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { isCode } from './is-code.ts'
import { segmentBlobKey, segmentKey } from './layout.ts'
import type { SegmentPlace } from './layout.ts'
import { readManifest, writeManifest } from './manifest-store.ts'
import { serializeSegmentIndex } from './manifests/segment-index.ts'
import { parseSegmentManifest, serializeSegmentManifest } from './manifests/segment-manifest.ts'

/** A segment that is not stored yet. */
export interface SegmentDraft extends SegmentPlace {
  /** Its bytes, streamed; they end where the segment is cut. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** What the bytes hold: called once, behind the last of them. */
  readonly facts: () => Omit<Segment, keyof SegmentPlace | 'index' | 'blob'>
  /** The parts they can be read in: called once, behind the last of them. Without them every look reads the whole. */
  readonly blocks?: (() => readonly LogBlock[]) | undefined
}

/**
 * Stores a segment: its bytes first, then the manifest that makes them count. The same segment again is a no-op; a
 * different one at the same place is `ObjectConflict`. Bytes without a manifest, left by a killed run, are in nobody's way.
 */
export async function writeSegment(storage: Storage, draft: SegmentDraft, options: StorageOptions): Promise<Segment> {
  const { timelineId, fileId, file, from, bytes } = draft
  const place: SegmentPlace = { timelineId, fileId, file, from }
  let index: Buffer | undefined
  const blob = await writeBlob(storage, segmentBlobKey(place, randomBytes(4).toString('hex')), bytes, {
    ...options,
    trailer: (frames) => (index = indexOf(frames, draft.blocks?.())),
  })
  const digest = index === undefined ? undefined : digestOf(index)
  const segment: Segment = { ...place, ...draft.facts(), ...(digest === undefined ? {} : { index: digest }), blob }
  try {
    const text = serializeSegmentManifest(segment)
    await writeManifest(storage, segmentKey(segment), text, parseSegmentManifest, options)
    return segment
  } catch (error) {
    return settle(storage, segment, error)
  }
}

/** A segment of one block needs none: its manifest says the same. */
function indexOf(frames: readonly Frame[], blocks: readonly LogBlock[] = []): Buffer | undefined {
  return blocks.length > 1 ? serializeSegmentIndex({ frames, blocks }) : undefined
}

/**
 * The bytes are stored and the manifest was refused or its fate is unknown. They are removed only when a manifest stands
 * there that names others: without one, a write whose answer was lost may still come to light.
 */
async function settle(storage: Storage, segment: Segment, error: unknown): Promise<Segment> {
  const existing = isCode(error, 'ObjectConflict') ? await readExisting(storage, segmentKey(segment), {}) : undefined
  if (existing === undefined || existing.blob.key === segment.blob.key) throw error
  await storage.delete(segment.blob.key)
  const { blob, ...facts } = segment
  return requireSame(existing, facts, blob.content)
}

async function readExisting(storage: Storage, key: string, options: StorageOptions): Promise<Segment | undefined> {
  try {
    return await readManifest(storage, key, parseSegmentManifest, options)
  } catch (error) {
    if (isCode(error, 'ObjectMissing')) return undefined
    throw error
  }
}

function requireSame(existing: Segment, facts: Omit<Segment, 'blob'>, content: Digest): Segment {
  const { blob } = existing
  // How it was compressed may differ, and with it where the index says things are stored; what it says may not.
  const given = { ...facts, index: existing.index, blob: { ...blob, content } }
  const same = serializeSegmentManifest(given) === serializeSegmentManifest(existing)
  if (same) return existing
  const key = segmentKey(existing)
  throw new PitrError('ObjectConflict', {
    subject: key,
    message: `${key} is archived already, up to ${existing.to} and with other content than what is given up to ${facts.to}`,
    hint:
      existing.to === facts.to
        ? 'The server has another history than the archive. Do not go on archiving it here before you know why.'
        : 'Another archiver may have been faster. Run the operation again: it goes on where the archive ends now, and says so when the history differs.',
    details: { key, archived: blob.content, given: content },
  })
}
