import * as v from 'valibot'
import type { Segment } from '../../image/segment.ts'
import { isBlobKeyOfSegment, segmentKey } from '../layout.ts'
import { corruptManifest, parseManifest, serializeManifest } from './envelope.ts'
import {
  binlogFile,
  blob,
  digest,
  gtidSet,
  id,
  logCounts,
  sha256,
  size,
  succeeds,
  text,
  timestamp,
  touched,
  transactionRef,
} from './schemas.ts'

/** Writes the text of a segment manifest. */
export function serializeSegmentManifest(segment: Segment): string {
  return serializeManifest('segment', segment)
}

/** Reads it. Throws `CorruptManifest`, also when it or its bytes lie at another place than the segment's own, or `UnknownFormat`. */
export function parseSegmentManifest(text: string, key: string): Segment {
  const segment = parseManifest('segment', segmentSchema(), text, key)
  checkSegment(segment, key)
  if (segmentKey(segment) !== key) throw corruptManifest(key, 'it is about another segment')
  return segment
}

/** Checks what no schema can: throws `CorruptManifest` when the fields of a segment contradict each other. `key` names where it was read. */
export function checkSegment(segment: Segment, key: string): void {
  const { blob, from, to } = segment
  if (from >= to) throw corruptManifest(key, 'its range is empty')
  // Offsets too large for a key are in no key.
  if (!succeeds(() => segmentKey(segment))) throw corruptManifest(key, 'it is about another segment')
  if (!isBlobKeyOfSegment(blob.key, segment)) throw corruptManifest(key, 'its bytes are said to lie at another place')
  if (blob.content.bytes !== to - from) throw corruptManifest(key, 'the size of its bytes is not that of its range')
}

/** What a segment is made of. */
export function segmentSchema(): v.GenericSchema<unknown, Segment> {
  return v.strictObject({
    timelineId: id(),
    fileId: id(),
    file: binlogFile(),
    from: size(),
    to: size(),
    format: v.strictObject({ serverVersion: text(), checksum: v.picklist(['crc32', 'none']) }),
    previous: v.optional(v.strictObject({ fileId: id(), to: size() })),
    end: v.optional(v.picklist(['rotate', 'stop'])),
    gtidsBefore: v.optional(gtidSet()),
    gtidsAfter: v.optional(gtidSet()),
    counts: logCounts(),
    first: v.optional(transactionRef()),
    last: v.optional(transactionRef()),
    minCommitTime: v.optional(timestamp()),
    maxCommitTime: v.optional(timestamp()),
    lastEvent: v.strictObject({ offset: size(), sha256: sha256() }),
    obstacles: v.array(v.strictObject({ offset: size(), reason: text() })),
    touched: v.optional(touched()),
    index: v.optional(digest()),
    blob: blob(),
  })
}
