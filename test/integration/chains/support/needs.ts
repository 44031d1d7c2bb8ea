import {
  ARCHIVE_KEY,
  coverageNumberOf,
  imageKey,
  isImageKey,
  isPartKey,
  segmentKey,
  timelineIdOf,
} from '../../../../src/archive/layout.ts'
import type { Segment } from '../../../../src/image/segment.ts'
import type { RestorePlan, TransactionRef } from '../../../../src/index.ts'

/** What an object of an archive is, for messages and to find others of its kind. */
export function kindOf(key: string): string {
  if (key === ARCHIVE_KEY) return 'archive'
  if (timelineIdOf(key) !== undefined) return 'timeline'
  if (coverageNumberOf(key) !== undefined) return 'coverage'
  if (isImageKey(key)) return 'image'
  if (isPartKey(key)) return 'part'
  const segment = /\/binlogs\/.*\/\d{12}\.(?:[0-9a-f]{8}\.)?(.*)$/.exec(key)?.[1]
  return segment === undefined ? 'other' : `segment ${segment}`
}

/** Whether a restore by this plan reads the object. */
export function restoreNeeds(plan: RestorePlan, key: string): boolean {
  if (key === ARCHIVE_KEY || timelineIdOf(key) !== undefined || isOfImage(plan, key)) return true
  return plan.segments.some((segment) => isOfSegment(plan, segment, key))
}

/**
 * Whether the plan cannot be made without the object. Beside what the restore reads that is, for the end of the log or a
 * time, until when it is complete; and for a time or a transaction, the segments on both sides of the stop.
 */
export function planNeeds(plan: RestorePlan, segments: readonly Segment[], key: string): boolean {
  const { kind } = plan.target
  if (coverageNumberOf(key) !== undefined) return kind === 'latest' || kind === 'time'
  if (restoreNeeds(plan, key)) return true
  if (kind !== 'time' && kind !== 'transaction') return false
  if (startsLater(plan)) return isImageKey(key) || segments.some((segment) => isOfSegment(plan, segment, key))
  return segments.some(
    (segment) =>
      isOfSegment(plan, segment, key) && (holds(segment, plan.lastIncluded) || holds(segment, plan.firstExcluded)),
  )
}

/**
 * Whether the image was taken behind the asked time, because nothing was committed between: only what lies before it
 * tells that.
 */
function startsLater({ target, image, resolution }: RestorePlan): boolean {
  // In a plan a time is text.
  if (target.kind !== 'time' || typeof target.at !== 'string') return false
  const asked = Date.parse(target.at) * 1000 + (resolution === 'second' ? 999_999 : 999)
  return image.startTime.epochMicroseconds > asked
}

/** Whether all segments that end or begin at the position a plan is for are damaged: one of them is enough to know it. */
export function losesPosition(plan: RestorePlan, segments: readonly Segment[], damaged: readonly string[]): boolean {
  const { target, stop } = plan
  const around = segments.filter(
    ({ fileId, from, to }) => fileId === stop.fileId && [from, to].includes(stop.position.offset),
  )
  return target.kind === 'position' && around.every((segment) => damaged.some((key) => isOfSegment(plan, segment, key)))
}

/** Whether the object is a part of the image a plan starts from, or its manifest. */
export function isOfImage({ timelineId, image }: RestorePlan, key: string): boolean {
  return key === imageKey(timelineId, image.id) || image.backup.parts.some(({ blob }) => blob.key === key)
}

function isOfSegment(
  { timelineId }: RestorePlan,
  { fileId, file, from }: Pick<Segment, 'fileId' | 'file' | 'from'>,
  key: string,
): boolean {
  return key.startsWith(segmentKey({ timelineId, fileId, file, from }).replace(/json$/, ''))
}

function holds({ fileId, from, to }: Segment, transaction: TransactionRef | undefined): boolean {
  return (
    transaction !== undefined &&
    transaction.fileId === fileId &&
    from <= transaction.start.offset &&
    transaction.start.offset < to
  )
}
