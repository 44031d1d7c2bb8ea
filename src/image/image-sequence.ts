import { FIRST_EVENT_OFFSET } from '../coordinates/binlog-position.ts'
import { instantToNanoseconds } from '../coordinates/instant.ts'
import type { Instant } from '../coordinates/instant.ts'
import { PitrError } from '../errors.ts'
import { contradiction } from './contradiction.ts'
import { RecoveryImage } from './recovery-image.ts'
import type { BinlogRange } from './recovery-image.ts'
import { SegmentChain } from './segment-chain.ts'
import type { ImageFacts, TimelineFacts } from './timeline-facts.ts'

/**
 * The recovery images of one timeline, ordered by the log: exactly the last one is open, each other one ends where and
 * when the next one starts. Iterable, oldest first.
 *
 * @example
 * ```ts
 * const images = await manager.images()
 * for (const { id, startTime, state } of images) console.log(id, String(startTime), state)
 * ```
 */
export class ImageSequence implements Iterable<RecoveryImage> {
  /** Oldest first. */
  readonly images: readonly RecoveryImage[]

  private constructor(images: readonly RecoveryImage[]) {
    this.images = images
  }

  /**
   * Puts the images of a timeline in their order. Throws `CorruptManifest` when the facts contradict each other.
   * @internal
   */
  static of(facts: TimelineFacts, chain: SegmentChain = SegmentChain.of(facts.flavor, facts.segments)): ImageSequence {
    const ordered = orderImages(facts, chain)
    const ranges = contiguousRanges(chain)
    const images = ordered.map((image, i) => {
      const next = ordered[i + 1]
      return new RecoveryImage(image, { next, binlogs: rangesBetween(chain, ranges, image, next) })
    })
    return new ImageSequence(images)
  }

  /** How many there are. */
  get length(): number {
    return this.images.length
  }

  /** The newest image, which still gains binlogs; undefined before the first backup. */
  get open(): RecoveryImage | undefined {
    return this.images.at(-1)
  }

  /** All others. */
  get closed(): readonly RecoveryImage[] {
    return this.images.slice(0, -1)
  }

  /** The image with this id. Throws `NoImage`. */
  get(id: string): RecoveryImage {
    const image = this.images.find((candidate) => candidate.id === id)
    if (image !== undefined) return image
    throw new PitrError('NoImage', {
      subject: id,
      message: `the timeline has no complete recovery image ${id}`,
      hint: 'List the images: an interrupted backup leaves none.',
    })
  }

  /** The last image, in log order, that started at or before a moment; undefined before the first one. Throws `InvalidInstant`. */
  at(time: Instant): RecoveryImage | undefined {
    const nanoseconds = instantToNanoseconds(time)
    return this.images.findLast(({ startTime }) => startTime.epochNanoseconds <= nanoseconds)
  }

  /** Whether a moment lies at or behind the first image's start; the open image has no end. Throws `InvalidInstant`. */
  contains(time: Instant): boolean {
    const [first] = this.images
    return first !== undefined && first.startTime.epochNanoseconds <= instantToNanoseconds(time)
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<RecoveryImage> {
    return this.images[Symbol.iterator]()
  }
}

/** The images of a timeline by their place in its log; of two at one position the later started one comes later. Throws `CorruptManifest`. */
export function orderImages({ timelineId, images, segments }: TimelineFacts, chain: SegmentChain): ImageFacts[] {
  const names = new Map(segments.map(({ fileId, file }) => [fileId, file]))
  const ids = new Set<string>()
  for (const image of images) {
    const { file, offset } = image.position
    const archivedAs = names.get(image.fileId)
    if (ids.has(image.id)) throw contradiction(image, `two images have the id ${image.id}`)
    if (image.timelineId !== timelineId) throw contradiction(image, `image ${image.id} belongs to another timeline`)
    if (offset < FIRST_EVENT_OFFSET) {
      throw contradiction(image, `image ${image.id} lies before the first event of ${file}`)
    }
    if (archivedAs !== undefined && archivedAs !== file) {
      throw contradiction(image, `one binlog file is named ${archivedAs} and ${file}`)
    }
    ids.add(image.id)
  }
  const ordered = images
    .map((image) => ({ image, rank: chain.rankOf(image.fileId, image.position.file) }))
    .toSorted(
      (a, b) =>
        a.rank - b.rank ||
        a.image.position.offset - b.image.position.offset ||
        a.image.startTime.compare(b.image.startTime) ||
        (a.image.id < b.image.id ? -1 : 1),
    )
    .map(({ image }) => image)
  for (const [i, image] of ordered.entries()) checkGtids(ordered[i - 1], image)
  return ordered
}

function checkGtids(before: ImageFacts | undefined, image: ImageFacts): void {
  if (before?.gtidSet === undefined || image.gtidSet === undefined || image.gtidSet.contains(before.gtidSet)) return
  throw contradiction(image, `image ${image.id} lacks GTIDs of the earlier image ${before.id}`)
}

// One range for each run of segments of one file without a hole.
function contiguousRanges(chain: SegmentChain): BinlogRange[] {
  const ranges: BinlogRange[] = []
  for (const { fileId, file, from, to } of chain.segments) {
    const last = ranges.at(-1)
    if (last?.fileId === fileId && last.to === from) ranges[ranges.length - 1] = { ...last, to }
    else ranges.push({ fileId, file, from, to })
  }
  return ranges
}

function rangesBetween(
  chain: SegmentChain,
  ranges: readonly BinlogRange[],
  image: ImageFacts,
  next: ImageFacts | undefined,
): BinlogRange[] {
  const first = chain.rankOf(image.fileId, image.position.file)
  const last = next === undefined ? Infinity : chain.rankOf(next.fileId, next.position.file)
  return ranges.flatMap((range) => {
    const rank = chain.rankOf(range.fileId, range.file)
    if (rank < first || rank > last) return []
    const from = rank === first ? Math.max(range.from, image.position.offset) : range.from
    const to = rank === last && next !== undefined ? Math.min(range.to, next.position.offset) : range.to
    return from < to ? [{ ...range, from, to }] : []
  })
}
