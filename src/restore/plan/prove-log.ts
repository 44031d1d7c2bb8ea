import { PitrError } from '../../errors.ts'
import type { ChainBreak, MissingRange } from '../../image/chain-break.ts'
import { findLostEnd } from '../../image/lost-end.ts'
import { brokenChain } from '../../image/segment-chain.ts'
import type { Segment } from '../../image/segment.ts'
import { TimeLimit } from '../../image/time-limit.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import type { DamagedBytes } from '../../image/timeline-facts.ts'
import type { ChosenImage } from './choose-image.ts'
import { segmentsOf } from './log-span.ts'
import { comparePoints } from './log-view.ts'
import type { LogPoint, LogView } from './log-view.ts'
import type { Stop } from './stop.ts'
import { coverageLost, newestResolution } from './window-errors.ts'

/**
 * The places of the spans to read: from byte 0 of the image's file, which holds the format description and the
 * previous GTIDs, to the stop. Throws `BrokenChain` when a byte of them is missing, `ObjectMissing` or
 * `ChecksumMismatch` when one is damaged.
 */
export function proveRange(
  log: LogView,
  { image, point }: ChosenImage,
  stop: LogPoint,
): { first: number; last: number } {
  const first = log.spans.findIndex(({ fileId }) => fileId === image.fileId)
  // Nothing to replay but what was prepared by XA when the backup was taken: the image's own file tells.
  if (comparePoints(point, stop) >= 0 && first === -1) return { first: 0, last: -1 }
  const last = log.spans.findLastIndex((span) => comparePoints(log.pointIn(span, span.from), stop) < 0)
  const head = log.spans[first]
  const { file, offset } = point.position
  if (head === undefined) {
    throw lost({ file, from: 0, toFile: file, to: offset }, `${file}, where image ${image.id} lies, is not archived`)
  }
  const gap = log.breaks.find(({ index }) => index === first)
  if (head.from > 0) {
    throw gap === undefined
      ? lost({ file, from: 0, toFile: file, to: head.from }, `the beginning of ${file} is missing`)
      : brokenChain(gap)
  }
  const hole = log.breaks.find(({ index }) => index > first && index <= last)
  if (hole !== undefined) throw brokenChain(hole)
  // The bytes right before the stop may be the missing ones.
  const tail = log.spans[last] ?? head
  if (comparePoints(log.pointIn(tail, tail.to), stop) < 0) {
    const behind = log.breaks.find(({ index }) => index === last + 1)
    const missing = { file: tail.file, from: tail.to, toFile: stop.position.file, to: stop.position.offset }
    throw behind === undefined ? lost(missing, `the log ends at ${tail.file}:${tail.to}`) : brokenChain(behind)
  }
  for (const segment of segmentsOf(log.spans.slice(first, last + 1))) {
    const damaged = log.facts.damaged?.find(({ key }) => key === segment.blob.key)
    if (damaged !== undefined) throw damagedSegment(segment, damaged.problem)
  }
  return { first, last }
}

/**
 * Proves that a stop at the end of the archived log is the end of what was archived: throws `BrokenChain` when the
 * coverage or an image says that there was more, `ObjectMissing` when no coverage says that there was not.
 */
export function proveEnd(log: LogView): void {
  const lost = findLostEnd(log.facts, log.chain, log.images)
  if (lost !== undefined) throw brokenChain(lost)
  if (log.facts.coveredUntil === undefined) throw coverageLost(log)
}

/**
 * Proves a time target against missing ranges before its stop: what committed in there is unknown, and only an image
 * taken behind it, at or before the asked time, shows that it was not later. Throws `BrokenChain`; returns what a person
 * should know.
 */
export function proveTime(log: LogView, target: RestoreTarget, { next, furthest }: Stop): string[] {
  if (target.kind !== 'time') return []
  const stopIndex = next?.index ?? log.spans.length
  const gap = log.breaks.findLast(({ index }) => index <= stopIndex) ?? missingBeginning(log)
  const behind = log.spans[gap?.index ?? -1]
  if (gap === undefined || behind === undefined) return []
  const border = new TimeLimit(target).lastMicrosecond(newestResolution(log))
  const from = log.pointIn(behind, behind.from)
  const proof = log.images.find((image) => {
    const point = log.pointOfImage(image)
    return (
      comparePoints(point, from) >= 0 &&
      comparePoints(point, furthest) <= 0 &&
      image.startTime.epochMicroseconds <= border
    )
  })
  if (proof === undefined) throw brokenChain(gap)
  return [
    `Earlier log is missing (${gap.reason}); image ${proof.id}, taken behind it, shows that it is older than the target.`,
  ]
}

// The log should begin with the file of the first image.
function missingBeginning(log: LogView): ChainBreak | undefined {
  const [first] = log.spans
  const [image] = log.images
  if (first === undefined || image === undefined) return undefined
  if (comparePoints(log.pointOfImage(image), log.pointIn(first, first.from)) >= 0) return undefined
  const { file, offset } = image.position
  return {
    index: 0,
    missing: { file, from: offset, toFile: first.file, to: first.from },
    reason: `everything is missing from image ${image.id} at ${file}:${offset} to ${first.file}:${first.from}`,
    details: {},
  }
}

function lost(missing: MissingRange, reason: string): PitrError {
  return brokenChain({ index: 0, missing, reason, details: {} })
}

function damagedSegment({ file, from, to, blob }: Segment, problem: DamagedBytes['problem']): PitrError {
  return new PitrError(problem === 'missing' ? 'ObjectMissing' : 'ChecksumMismatch', {
    subject: blob.key,
    message: `the bytes of ${file} from ${from} to ${to} are ${problem === 'missing' ? 'missing' : 'of another size than recorded'}`,
    hint: 'Bring the object back from a copy of the storage, or choose a target before it.',
    details: { file, from, to, key: blob.key },
  })
}
