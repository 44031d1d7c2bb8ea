import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import { rememberLast } from '../coordinates/remember-last.ts'
import { PitrError } from '../errors.ts'
import type { Segment } from '../image/segment.ts'
import { isKeySegment } from '../storage/keys.ts'

// The only file that knows the names of keys:
//
//   archive.json
//   timelines/<timeline>.json
//   history/<timeline>/binlogs/<file>-<file id>/<from>.<attempt>.zst     bytes of a segment, and its index
//   history/<timeline>/binlogs/<file>-<file id>/<from>.json              its manifest, written last
//   history/<timeline>/pages/<file id>.<from>.json                       copies of the manifests from this segment on
//   history/<timeline>/coverage/<number>.json                            the highest number counts
//   history/<timeline>/images/<image>/backup/<part>.zst
//   history/<timeline>/images/<image>/image.json                         written last
//
// The bytes of a segment carry the attempt, 8 random hex digits: what a killed run left behind may be compressed by
// another version of zstd, and must not be in the way of the next run. The manifest says which attempt counts, and where
// the segment ends: that is known only when its bytes were streamed. Since a place in the log has one manifest, two
// archivers that race can never leave segments that overlap: one of them finds the place taken.
//
// A `.zst` object is made of zstd frames of 1 MiB of content each, so that any part can be read alone (storage/frames.ts).
// Behind those of a segment of more than one block stands its sparse index, in a skippable frame: compressed JSON of the
// size and hash of every frame, and of every block its range, commit times, GTIDs, counts, kinds and tables. The segment's
// manifest holds size and hash of the index, and sums the blocks up. What follows from an index is only where not to look:
// blocks that may matter are read, and checked like any other bytes.
//
// A page holds copies of the manifests of about 1,000 segments, a line of JSON each, and last the SHA-256 of the lines. It
// is there to save reads: a plan over 10,000 segments takes a listing and ten reads. The manifests stay what counts: a copy
// is used only when the listing shows its manifest, of the size it was copied with, and its bytes, of the size it names.
// A page that is damaged or missing costs time and nothing else; the next archive pass writes it again.

/** The manifest that makes a place an archive. */
export const ARCHIVE_KEY = 'archive.json'

/** Below it lie the manifests of all timelines, and nothing else: they are listed without what belongs to them. */
export const TIMELINES_PREFIX = 'timelines/'

/** Below it lies all that belongs to timelines. */
export const HISTORY_PREFIX = 'history/'

/** The part of a segment that its keys are made of. */
export type SegmentPlace = Pick<Segment, 'timelineId' | 'fileId' | 'file' | 'from'>

/** The manifest of a timeline. */
export function timelineKey(timelineId: string): string {
  return `${TIMELINES_PREFIX}${checkedTimelineId(timelineId)}.json`
}

/** The id of the timeline a manifest key belongs to; undefined for any other key. */
export function timelineIdOf(key: string): string | undefined {
  return /^timelines\/([A-Za-z0-9-]+)\.json$/.exec(key)?.[1]
}

/** Below it lie the segments of a timeline. */
export function binlogsPrefix(timelineId: string): string {
  return `${historyPrefix(timelineId)}binlogs/`
}

/** The manifest of a segment. Within one binlog file keys sort in log order. */
export function segmentKey(place: SegmentPlace): string {
  return `${segmentStem(place)}.json`
}

/** Whether a key is the manifest of a segment. */
export function isSegmentKey(key: string): boolean {
  return key.startsWith(HISTORY_PREFIX) && /\/binlogs\/[^/]+\/\d{12}\.json$/.test(key)
}

/** Where the segment of a manifest begins, as far as its key tells; undefined when it tells nothing. */
export function segmentPlaceOf(key: string): { fileId: string; fileNumber: number; from: number } | undefined {
  const [, fileNumber, fileId, from] = /\/binlogs\/[^/]*\.(\d+)-([A-Za-z0-9-]+)\/(\d{12})\.json$/.exec(key) ?? []
  if (fileNumber === undefined || fileId === undefined || from === undefined) return undefined
  return { fileId, fileNumber: Number(fileNumber), from: Number(from) }
}

/** The bytes of a segment. `attempt` is 8 hex digits. */
export function segmentBlobKey(place: SegmentPlace, attempt: string): string {
  return `${segmentStem(place)}.${attempt}.zst`
}

/** Whether `key` is where the bytes of this segment may lie. */
export function isBlobKeyOfSegment(key: string, place: SegmentPlace): boolean {
  const stem = segmentStem(place)
  return key.startsWith(`${stem}.`) && /^\.[0-9a-f]{8}\.zst$/.test(key.slice(stem.length))
}

/** Below it lie the pages of a timeline. */
export function pagesPrefix(timelineId: string): string {
  return `${historyPrefix(timelineId)}pages/`
}

/** The page whose first segment lies here. */
export function pageKey({ timelineId, fileId, from }: SegmentPlace): string {
  if (!isId(fileId)) throw invalidId('file id', fileId)
  return `${pagesPrefix(timelineId)}${fileId}.${padded(from)}.json`
}

/** Whether a key is a page. */
export function isPageKey(key: string): boolean {
  return key.startsWith(HISTORY_PREFIX) && /\/pages\/[A-Za-z0-9-]+\.\d{12}\.json$/.test(key)
}

/** Below it lie the records of coverage of a timeline. */
export function coveragePrefix(timelineId: string): string {
  return `${historyPrefix(timelineId)}coverage/`
}

/** A record of coverage. */
export function coverageKey(timelineId: string, number: number): string {
  return `${coveragePrefix(timelineId)}${padded(number)}.json`
}

/** The number of a record of coverage; undefined for any other key. */
export function coverageNumberOf(key: string): number | undefined {
  const number = /\/coverage\/(\d{12})\.json$/.exec(key)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Below it lie the images of a timeline. */
export function imagesPrefix(timelineId: string): string {
  return `${historyPrefix(timelineId)}images/`
}

/** The manifest of an image. */
export function imageKey(timelineId: string, imageId: string): string {
  return `${imagePrefix(timelineId, imageId)}image.json`
}

/** Whether a key is the manifest of an image. */
export function isImageKey(key: string): boolean {
  return /^history\/[^/]+\/images\/[^/]+\/image\.json$/.test(key)
}

/** The bytes of one part of a backup. Throws `InvalidArgument` when the name cannot stand in a key. */
export function partKey(timelineId: string, imageId: string, part: string): string {
  const name = `${part}.zst`
  if (!isKeySegment(name)) throw invalidId('name of a part', part)
  return `${imagePrefix(timelineId, imageId)}backup/${name}`
}

/** Whether a key is where the bytes of a part may lie. */
export function isPartKey(key: string): boolean {
  return /^history\/[A-Za-z0-9-]+\/images\/[A-Za-z0-9-]+\/backup\/[^/]+\.zst$/.test(key)
}

/** Whether `text` is an id that can stand in a key. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(text)
}

function historyPrefix(timelineId: string): string {
  return `${HISTORY_PREFIX}${checkedTimelineId(timelineId)}/`
}

function checkedTimelineId(timelineId: string): string {
  if (isId(timelineId)) return timelineId
  throw invalidId('timeline id', timelineId)
}

function imagePrefix(timelineId: string, imageId: string): string {
  if (!isId(imageId)) throw invalidId('image id', imageId)
  return `${imagesPrefix(timelineId)}${imageId}/`
}

function segmentStem({ timelineId, fileId, file, from }: SegmentPlace): string {
  if (!isId(fileId)) throw invalidId('file id', fileId)
  return `${binlogsPrefix(timelineId)}${readableName(file)}-${fileId}/${padded(from)}`
}

/** The name of a binlog file, for people: the id beside it is what counts. Characters that no key takes become `=` and their code. */
const readableName = rememberLast((file) => {
  binlogFileNumber(file)
  return file.replace(/[^A-Za-z0-9._-]/g, (each) => `=${each.charCodeAt(0).toString(16)}`).slice(-100)
})

/** 12 digits hold every offset: those of events are 32 bits wide. */
function padded(number: number): string {
  if (Number.isSafeInteger(number) && number >= 0 && number < 1e12) return String(number).padStart(12, '0')
  throw invalidId('offset', String(number))
}

function invalidId(what: string, text: string): PitrError {
  const shown = JSON.stringify(text.slice(0, 200))
  return new PitrError('InvalidArgument', {
    subject: shown,
    message: `${shown} cannot be used as a ${what}`,
    hint: 'Ids are 1 to 64 letters, digits and "-"; names of parts also take ".", "_" and "="; offsets are below 10^12.',
  })
}
