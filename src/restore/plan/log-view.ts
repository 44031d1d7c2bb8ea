import type { Transaction } from '../../binlog/transaction.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import { PitrError } from '../../errors.ts'
import { brokenChain, SegmentChain } from '../../image/segment-chain.ts'
import { orderImages } from '../../image/image-sequence.ts'
import { noImage } from '../../image/recovery-window.ts'
import type { LogPlace } from '../../image/restore-plan-parts.ts'
import type { Segment } from '../../image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../image/timeline-facts.ts'
import type { SegmentDetails } from './plan-options.ts'

/** A place in the log that can be compared: the rank of its file, and the offset in it. */
export interface LogPoint extends LogPlace {
  /** Of the file, see {@link SegmentChain.rankOf}. */
  readonly rank: number
}

/** A transaction, and the place of its segment in the log. */
export interface Located {
  readonly ref: TransactionRef
  readonly index: number
}

/** The log of one timeline as the planner sees it: segments in order, images in order, details where they were read. */
export class LogView {
  readonly facts: TimelineFacts
  readonly chain: SegmentChain
  /** In log order. */
  readonly segments: readonly Segment[]
  /** In log order; at least one. */
  readonly images: readonly ImageFacts[]
  /** The end of the archived log. */
  readonly end: LogPoint
  readonly #details: SegmentDetails

  /** Throws `NoImage`, `CorruptManifest`, or `BrokenChain` when there is no log at all. */
  constructor(facts: TimelineFacts, details: SegmentDetails) {
    this.facts = facts
    this.#details = details
    this.chain = SegmentChain.of(facts.flavor, facts.segments)
    this.segments = this.chain.segments
    this.images = orderImages(facts, this.chain)
    const [first] = this.images
    if (first === undefined) throw noImage(facts.timelineId)
    const last = this.segments.at(-1)
    if (last === undefined) throw noLog(first)
    this.end = this.pointIn(last, last.to)
  }

  /** Where an image lies. */
  pointOfImage({ fileId, position }: ImageFacts): LogPoint {
    return this.#point(fileId, position)
  }

  /** A byte of a segment's file. */
  pointIn({ fileId, file }: Segment, offset: number): LogPoint {
    return this.#point(fileId, { file, offset })
  }

  /** Where a transaction starts. */
  startOf({ fileId, start }: TransactionRef): LogPoint {
    return this.#point(fileId, start)
  }

  /** Where a transaction ends. */
  endOf({ fileId, end }: TransactionRef): LogPoint {
    return this.#point(fileId, end)
  }

  /** Place of the first segment that ends behind a point; the number of segments when none does. */
  indexAt(point: LogPoint): number {
    let low = 0
    let high = this.segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const segment = this.segments[middle] as Segment
      if (comparePoints(this.pointIn(segment, segment.to), point) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The transactions of a segment. Throws `InvalidArgument` when they were not read, and why they could not be. */
  transactions(index: number): readonly Transaction[] {
    const segment = this.segments[index]
    if (segment === undefined || segment.counts.transactions === 0) return []
    const found = this.#details.get(segment.blob.key)
    if (found instanceof PitrError) throw found
    if (found !== undefined) return checkedDetails(segment, found)
    throw new PitrError('InvalidArgument', {
      subject: segment.blob.key,
      message: `the transactions of ${segment.file} from ${segment.from} to ${segment.to} were not read`,
      hint: 'Read every segment that locateTarget names, and hand their transactions to planRestore.',
    })
  }

  /** What is known of a transaction; undefined when its segment was not read, the error when it could not be. */
  detailsOf({ index, ref }: Located): Transaction | PitrError | undefined {
    const found = this.#details.get(this.segments[index]?.blob.key ?? '')
    return found instanceof PitrError ? found : found?.find(({ start }) => start === ref.start.offset)
  }

  /** The first transaction that starts at or behind a point. */
  next(point: LogPoint): Located | undefined {
    const index = this.indexAt(point)
    const segment = this.segments[index]
    if (segment !== undefined && comparePoints(this.pointIn(segment, segment.from), point) < 0) {
      const found = this.transactions(index).find(({ start }) => start >= point.position.offset)
      return found === undefined ? this.firstFrom(index + 1) : { index, ref: refOf(segment, found) }
    }
    return this.firstFrom(index)
  }

  /** The last transaction that ends at or before a point. */
  previous(point: LogPoint): Located | undefined {
    const index = this.indexAt(point)
    const segment = this.segments[index]
    if (segment !== undefined && comparePoints(this.pointIn(segment, segment.from), point) < 0) {
      const found = this.transactions(index).findLast(({ end }) => end <= point.position.offset)
      if (found !== undefined) return { index, ref: refOf(segment, found) }
    }
    return this.lastBefore(index)
  }

  /** The first transaction of a segment or of those behind it. */
  firstFrom(start: number): Located | undefined {
    for (let index = start; index < this.segments.length; index++) {
      const ref = this.segments[index]?.first
      if (ref !== undefined) return { index, ref }
    }
    return undefined
  }

  /** The last transaction of the segments before a place. */
  lastBefore(end: number): Located | undefined {
    for (let index = end - 1; index >= 0; index--) {
      const ref = this.segments[index]?.last
      if (ref !== undefined) return { index, ref }
    }
    return undefined
  }

  /** The GTIDs executed before a point of the log; undefined without GTIDs, and where the log around the point is missing. */
  gtidsAt(point: LogPoint): GtidSet | undefined {
    const index = this.indexAt(point)
    const before = this.segments[index - 1]
    if (before !== undefined && comparePoints(this.pointIn(before, before.to), point) === 0) {
      return this.parseGtids(before.gtidsAfter)
    }
    const segment = this.segments[index]
    if (segment === undefined || comparePoints(this.pointIn(segment, segment.from), point) > 0) return undefined
    const executed = this.transactions(index).filter(({ end }) => end <= point.position.offset)
    return this.parseGtids(segment.gtidsBefore)?.withAll(executed.flatMap(({ gtid }) => gtid ?? []))
  }

  /** Reads a set in the syntax of the timeline. */
  parseGtids(text: string | undefined): GtidSet | undefined {
    return text === undefined ? undefined : parseGtidSet(this.facts.flavor, text)
  }

  #point(fileId: string, { file, offset }: BinlogPosition): LogPoint {
    return { rank: this.chain.rankOf(fileId, file), fileId, position: { file, offset } }
  }
}

/** Negative, zero or positive: which of two points comes first. */
export function comparePoints(a: LogPoint, b: LogPoint): number {
  return a.rank - b.rank || a.position.offset - b.position.offset
}

/** Names a transaction of a segment. */
export function refOf({ fileId, file }: Segment, { start, end, gtid, commitTime }: Transaction): TransactionRef {
  return {
    fileId,
    start: { file, offset: start },
    end: { file, offset: end },
    ...(gtid === undefined ? {} : { gtid }),
    commitTime,
  }
}

// The manifest was written from the same bytes: when they disagree, one of them is not what it was.
function checkedDetails(segment: Segment, found: readonly Transaction[]): readonly Transaction[] {
  if (found.length === segment.counts.transactions) return found
  throw new PitrError('CorruptManifest', {
    subject: segment.blob.key,
    message: `the segment holds ${found.length} transactions, but its manifest says ${segment.counts.transactions}`,
    hint: 'The archive is damaged here: verify it, and plan for a target before this segment.',
    details: { file: segment.file, from: segment.from, to: segment.to },
  })
}

function noLog({ position: { file, offset } }: ImageFacts): PitrError {
  return brokenChain({
    index: 0,
    missing: { file, from: 0, toFile: file, to: offset },
    reason: `no binary log is archived, not even ${file} up to the image at ${offset}`,
    details: {},
  })
}
