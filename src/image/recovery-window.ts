import { MICROSECONDS_PER_SECOND, Timestamp, USUAL_RESOLUTION } from '../coordinates/timestamp.ts'
import type { Resolution } from '../coordinates/timestamp.ts'
import { PitrError } from '../errors.ts'
import type { ChainBreak } from './chain-break.ts'
import { orderImages } from './image-sequence.ts'
import { findLostEnd, isBeyond } from './lost-end.ts'
import { SegmentChain } from './segment-chain.ts'
import type { Segment } from './segment.ts'
import { latestComplete } from './time-limit.ts'
import type { ImageFacts, TimelineFacts } from './timeline-facts.ts'

/** A range of time inside the window that cannot be restored. */
export interface RecoveryHole {
  /** The first moment that cannot be restored. */
  readonly from: Timestamp
  /** The first moment behind it that can be: the start of the next image; or the end of the window, which is then a part of the hole. */
  readonly to: Timestamp
  /** What is missing, with the exact range. */
  readonly reason: string
}

/**
 * The set of moments of one timeline that can be restored: from `earliest` to `latest`, both included, without the holes.
 * Where commits are recorded by the second, a moment is a second: `earliest` is that of the first backup, and `latest` the
 * last one that is over and archived.
 */
export class RecoveryWindow {
  /** The timeline. */
  readonly timelineId: string
  /** The first image's start time. */
  readonly earliest: Timestamp
  /**
   * The latest moment for which the archived log is known to be complete; never before `earliest`. Undefined while there is
   * none: right after the first backup, the second it was taken in is not over. Archive again.
   */
  readonly latest?: Timestamp | undefined
  /** What in between cannot be restored, in log order. */
  readonly holes: readonly RecoveryHole[]
  /** How fine a time in the window can be told. */
  readonly resolution: Resolution

  /** Makes a window of its parts. */
  constructor(parts: Pick<RecoveryWindow, 'timelineId' | 'earliest' | 'latest' | 'holes' | 'resolution'>) {
    this.timelineId = parts.timelineId
    this.earliest = parts.earliest
    if (parts.latest !== undefined) this.latest = parts.latest
    this.holes = parts.holes
    this.resolution = parts.resolution
  }

  /**
   * Finds the window of a timeline. Throws `NoImage` before the first backup, `CorruptManifest` when the facts contradict
   * each other.
   * @internal
   */
  static of(facts: TimelineFacts): RecoveryWindow {
    const chain = SegmentChain.of(facts.flavor, facts.segments)
    const images = orderImages(facts, chain)
    const [first] = images
    const newest = images.at(-1)
    if (first === undefined || newest === undefined) throw noImage(facts.timelineId)
    const { segments } = chain
    const oldestCommit = segments.find((segment) => segment.first !== undefined)?.first?.commitTime
    const newestCommit = segments.findLast((segment) => segment.last !== undefined)?.last?.commitTime
    const resolution = newestCommit?.resolution ?? USUAL_RESOLUTION[facts.flavor]
    const earliest = toResolution(first.startTime, oldestCommit?.resolution ?? resolution)
    const complete = latestComplete(facts.coveredUntil?.time ?? newest.startTime, resolution)
    const latest = complete.compare(earliest) < 0 ? undefined : complete
    const lostEnd = findLostEnd(facts, chain, images)
    const breaks = lostEnd === undefined ? chain.breaks : [...chain.breaks, lostEnd]
    return new RecoveryWindow({
      timelineId: facts.timelineId,
      earliest,
      latest,
      holes: breaks.flatMap((gap) => holeOf(gap, chain, images, { latest, resolution }) ?? []),
      resolution,
    })
  }
}

/** The error for a timeline without images. */
export function noImage(timelineId: string): PitrError {
  return new PitrError('NoImage', {
    subject: `timeline ${timelineId}`,
    message: 'the archive holds no complete recovery image yet',
    hint: 'Take a backup: binary logs alone cannot be restored.',
  })
}

// A moment at or behind the last commit known before the break may have commits in what is missing: the next image,
// taken behind the break, is the first proof of what was there.
function holeOf(
  gap: ChainBreak,
  chain: SegmentChain,
  images: readonly ImageFacts[],
  { latest, resolution }: Pick<RecoveryWindow, 'latest' | 'resolution'>,
): RecoveryHole | undefined {
  const behind = chain.segments[gap.index]
  const rank = behind === undefined ? Infinity : chain.rankOf(behind.fileId, behind.file)
  const isBehind = (image: ImageFacts): boolean => {
    if (behind === undefined) return isBeyond(chain, image)
    const { fileId, position } = image
    const own = chain.rankOf(fileId, position.file)
    return own > rank || (own === rank && position.offset >= behind.from)
  }
  const [first] = images
  const from = latestCommit(chain.segments.slice(0, gap.index), first?.startTime)
  const next = images.find(isBehind)?.startTime
  const to = next ?? latest
  if (from === undefined || to === undefined || first === undefined || isBehind(first)) return undefined
  const hole = { from: toResolution(from, resolution), to: toResolution(to, resolution), reason: gap.reason }
  // The end of the window is a part of it, and of a hole that reaches it.
  return hole.from.compare(hole.to) < (next === undefined ? 1 : 0) ? hole : undefined
}

// A target stands for the whole second where commits are recorded by the second.
function toResolution({ epochMicroseconds }: Timestamp, resolution: Resolution): Timestamp {
  const unit = resolution === 'second' ? MICROSECONDS_PER_SECOND : 1
  return new Timestamp(Math.floor(epochMicroseconds / unit) * unit, resolution)
}

function latestCommit(segments: readonly Segment[], earliest: Timestamp | undefined): Timestamp | undefined {
  return segments.reduce(
    (latest, { maxCommitTime }) =>
      latest !== undefined && maxCommitTime !== undefined && maxCommitTime.compare(latest) > 0 ? maxCommitTime : latest,
    earliest,
  )
}
