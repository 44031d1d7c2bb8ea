import * as v from 'valibot'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { CommitTime } from '../../coordinates/timestamp.ts'
import type { LogBlock } from '../../image/log-block.ts'
import type { Segment } from '../../image/segment.ts'
import { TRANSACTION_KINDS } from '../../image/touched.ts'
import { FRAME_BYTES, trailerStoredBytes } from '../../storage/frames.ts'
import type { Frame } from '../../storage/frames.ts'
import { corruptManifest, describeIssue } from './envelope.ts'
import { logCounts, sha256, size, timestamp, touched, transactionRef } from './schemas.ts'

/** The sparse index of a segment: where its parts lie and what is in them. */
export interface SegmentIndex {
  /** Of the blob, all of them. */
  readonly frames: readonly Frame[]
  /** In log order, without gaps, from the segment's first byte to its last. */
  readonly blocks: readonly LogBlock[]
}

/** Less than what would fill the memory when a damaged archive offers it: an index is JSON of about 400 bytes a block. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024

/** Writes an index: JSON, compressed. */
export function serializeSegmentIndex({ frames, blocks }: SegmentIndex): Buffer {
  return zstdCompressSync(JSON.stringify({ frames, blocks }), {
    params: { [constants.ZSTD_c_compressionLevel]: 9 },
  })
}

/**
 * Reads the index of a segment; its hash was checked. Throws `CorruptManifest` when it is not one, or does not add up to
 * what the segment's manifest says: an index only tells where to look, and must not hide anything.
 */
export function parseSegmentIndex(bytes: Buffer, segment: Segment): SegmentIndex {
  const { key } = segment.blob
  const parsed = v.safeParse(schema(), decode(bytes, key))
  if (!parsed.success) throw corruptManifest(key, `in its index ${describeIssue(parsed.issues[0])}`)
  const index = parsed.output
  if (!framesFit(index, segment)) throw corruptManifest(key, 'its index is about other stored bytes')
  if (!blocksJoin(index, segment)) throw corruptManifest(key, 'the blocks of its index do not join')
  if (!blocksAddUp(index, segment)) throw corruptManifest(key, 'its index does not add up to what its manifest says')
  return index
}

function decode(bytes: Buffer, key: string): unknown {
  try {
    return JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: MAX_INDEX_BYTES }).toString())
  } catch (error) {
    throw corruptManifest(key, 'its index cannot be decompressed', error)
  }
}

function framesFit({ frames }: SegmentIndex, { blob, index }: Segment): boolean {
  const stored = frames.reduce((sum, { storedBytes }) => sum + storedBytes, trailerStoredBytes(index?.bytes ?? 0))
  return frames.length === Math.ceil(blob.content.bytes / FRAME_BYTES) && stored === blob.stored.bytes
}

function blocksJoin({ blocks }: SegmentIndex, { from, to }: Segment): boolean {
  let end = from
  for (const block of blocks) {
    if (block.from !== end || block.to <= block.from) return false
    end = block.to
  }
  return end === to
}

function blocksAddUp({ blocks }: SegmentIndex, segment: Segment): boolean {
  const { counts, minCommitTime, maxCommitTime } = segment
  const sum = (of: (block: LogBlock) => number) => blocks.reduce((total, block) => total + of(block), 0)
  const kinds = new Set(blocks.flatMap(({ touched }) => touched.kinds))
  return (
    TRANSACTION_KINDS.every(
      (kind) => segment.touched === undefined || segment.touched.kinds.includes(kind) === kinds.has(kind),
    ) &&
    sum((block) => block.counts.transactions) === counts.transactions &&
    sum((block) => block.counts.rowEvents) === counts.rowEvents &&
    sum((block) => block.counts.rows) === counts.rows &&
    microseconds(outermost(blocks, 'minCommitTime', -1)) === microseconds(minCommitTime) &&
    microseconds(outermost(blocks, 'maxCommitTime', 1)) === microseconds(maxCommitTime)
  )
}

function outermost(
  blocks: readonly LogBlock[],
  which: 'minCommitTime' | 'maxCommitTime',
  sign: 1 | -1,
): CommitTime | undefined {
  return blocks.reduce<CommitTime | undefined>((found, { [which]: time }) => {
    if (found === undefined || time === undefined) return found ?? time
    return sign * time.compare(found) > 0 ? time : found
  }, undefined)
}

function microseconds(time: CommitTime | undefined): number | undefined {
  return time?.epochMicroseconds
}

function schema(): v.GenericSchema<unknown, SegmentIndex> {
  const block = v.strictObject({
    from: size(),
    to: size(),
    counts: logCounts(),
    first: v.optional(transactionRef()),
    last: v.optional(transactionRef()),
    minCommitTime: v.optional(timestamp()),
    maxCommitTime: v.optional(timestamp()),
    gtids: v.optional(v.string()),
    touched: touched(),
  })
  return v.strictObject({
    frames: v.array(v.strictObject({ storedBytes: size(), sha256: sha256() })),
    blocks: v.array(block),
  })
}
