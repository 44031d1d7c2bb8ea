import type { Transaction } from '../../binlog/transaction.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import { PitrError } from '../../errors.ts'
import type { ChainBreak } from '../../image/chain-break.ts'
import { brokenChain, SegmentChain } from '../../image/segment-chain.ts'
import type { LogBlock } from '../../image/log-block.ts'
import { orderImages } from '../../image/image-sequence.ts'
import { noImage } from '../../image/recovery-window.ts'
import type { LogPlace } from '../../image/restore-plan-parts.ts'
import type { Segment } from '../../image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../image/timeline-facts.ts'
import type { DividedSpan } from './divided-span.ts'
import { segmentOf, spansOf } from './log-span.ts'
import type { LogSpan } from './log-span.ts'

/** A place in the log that can be compared: the rank of its file, and the offset in it. */
export interface LogPoint extends LogPlace {
  /** Of the file, see {@link SegmentChain.rankOf}. */
  readonly rank: number
}

/** A transaction, and the place of its span in the log. */
export interface Located {
  readonly ref: TransactionRef
  readonly index: number
}

/** The transactions of spans that were read in detail, or their sum where that is enough, or why they could not be read. */
export type LogDetails = ReadonlyMap<LogSpan, SpanDetails>

/** Those of one span. */
export type SpanDetails = readonly Transaction[] | DividedSpan | PitrError

/**
 * The log of one timeline as the planner sees it: spans in order, images in order, details where they were read. A view
 * begins with a span a segment; segments can be divided into their blocks, which changes nothing but how much of the log
 * has to be read for the details.
 *
 * @example
 * ```ts
 * const log = LogView.of(facts).divide(indexes).with(details)
 * ```
 */
export class LogView {
  readonly facts: TimelineFacts
  readonly chain: SegmentChain
  /** In log order. */
  readonly spans: readonly LogSpan[]
  /** Where log is missing, by the place of the first span behind it. */
  readonly breaks: readonly ChainBreak[]
  /** In log order; at least one. */
  readonly images: readonly ImageFacts[]
  /** The end of the archived log. */
  readonly end: LogPoint
  readonly #details: LogDetails

  private constructor(log: Pick<LogView, 'facts' | 'chain' | 'images' | 'spans' | 'breaks'>, details: LogDetails) {
    this.facts = log.facts
    this.chain = log.chain
    this.images = log.images
    this.spans = log.spans
    this.breaks = log.breaks
    this.#details = details
    const last = this.spans.at(-1) as LogSpan
    this.end = this.pointIn(last, last.to)
  }

  /** Looks at every segment as a whole. Throws `NoImage`, `CorruptManifest`, or `BrokenChain` when there is no log at all. */
  static of(facts: TimelineFacts): LogView {
    const chain = SegmentChain.of(facts.flavor, facts.segments)
    const images = orderImages(facts, chain)
    const [first] = images
    if (first === undefined) throw noImage(facts.timelineId)
    if (chain.segments.length === 0) throw noLog(first)
    return new LogView({ facts, chain, images, spans: chain.segments, breaks: chain.breaks }, new Map())
  }

  /** Looks at the blocks of these segments, each alone; the others stay whole. */
  divide(indexes: ReadonlyMap<Segment, { readonly blocks: readonly LogBlock[] }>): LogView {
    const spans: LogSpan[] = []
    const places: number[] = []
    for (const segment of this.chain.segments) {
      places.push(spans.length)
      const index = indexes.get(segment)
      if (index === undefined) spans.push(segment)
      else for (const span of spansOf(this.facts.flavor, segment, index.blocks)) spans.push(span)
    }
    const breaks = this.chain.breaks.map((gap) => ({ ...gap, index: places[gap.index] ?? spans.length }))
    const { facts, chain, images } = this
    return new LogView({ facts, chain, images, spans, breaks }, new Map())
  }

  /** The same view, with what was read. */
  with(details: LogDetails): LogView {
    return new LogView(this, details)
  }

  /** Where an image lies. */
  pointOfImage({ fileId, position }: ImageFacts): LogPoint {
    return this.#point(fileId, position)
  }

  /** A byte of a segment's file. */
  pointIn({ fileId, file }: LogSpan, offset: number): LogPoint {
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

  /** Place of the first span that ends behind a point; the number of spans when none does. */
  indexAt(point: LogPoint): number {
    let low = 0
    let high = this.spans.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const span = this.spans[middle] as LogSpan
      if (comparePoints(this.pointIn(span, span.to), point) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The transactions of a span. Throws `InvalidArgument` when they were not read, and why they could not be. */
  transactions(index: number): readonly Transaction[] {
    const span = this.spans[index]
    if (span === undefined || span.counts.transactions === 0) return []
    const found = this.#details.get(span)
    if (found instanceof PitrError) throw found
    if (found !== undefined && !isSum(found)) {
      requireCount(span, found.length)
      return found
    }
    throw new PitrError('InvalidArgument', {
      subject: segmentOf(span).blob.key,
      message: `the transactions of ${span.file} from ${span.from} to ${span.to} were not read`,
      hint: 'Read every span that locateTarget names, and hand their transactions to planRestore.',
    })
  }

  /** The sum of a span, where no more was kept. Throws why it could not be read. */
  sumOf(index: number): DividedSpan | undefined {
    const span = this.spans[index] as LogSpan
    const found = this.#details.get(span)
    if (found === undefined || found instanceof PitrError || !isSum(found)) return undefined
    requireCount(span, found.transactions)
    return found
  }

  /** What is known of a transaction; undefined when its span was not read, the error when it could not be. */
  detailsOf({ index, ref }: Located): Transaction | PitrError | undefined {
    const span = this.spans[index]
    const found = span === undefined ? undefined : this.#details.get(span)
    if (found === undefined || found instanceof PitrError) return found
    return isSum(found) ? undefined : found.find(({ start }) => start === ref.start.offset)
  }

  /** The first transaction that starts at or behind a point. */
  next(point: LogPoint): Located | undefined {
    const index = this.indexAt(point)
    const span = this.spans[index]
    if (span !== undefined && comparePoints(this.pointIn(span, span.from), point) < 0) {
      const found = this.transactions(index).find(({ start }) => start >= point.position.offset)
      return found === undefined ? this.firstFrom(index + 1) : { index, ref: refOf(span, found) }
    }
    return this.firstFrom(index)
  }

  /** The last transaction that ends at or before a point. */
  previous(point: LogPoint): Located | undefined {
    const index = this.indexAt(point)
    const span = this.spans[index]
    if (span !== undefined && comparePoints(this.pointIn(span, span.from), point) < 0) {
      const found = this.transactions(index).findLast(({ end }) => end <= point.position.offset)
      if (found !== undefined) return { index, ref: refOf(span, found) }
    }
    return this.lastBefore(index)
  }

  /** The first transaction of a span or of those behind it. */
  firstFrom(start: number): Located | undefined {
    for (let index = start; index < this.spans.length; index++) {
      const ref = this.spans[index]?.first
      if (ref !== undefined) return { index, ref }
    }
    return undefined
  }

  /** The last transaction of the spans before a place. */
  lastBefore(end: number): Located | undefined {
    for (let index = end - 1; index >= 0; index--) {
      const ref = this.spans[index]?.last
      if (ref !== undefined) return { index, ref }
    }
    return undefined
  }

  /** The GTIDs executed before a point of the log; undefined without GTIDs, and where the log around the point is missing. */
  gtidsAt(point: LogPoint): GtidSet | undefined {
    const index = this.indexAt(point)
    const before = this.spans[index - 1]
    if (before !== undefined && comparePoints(this.pointIn(before, before.to), point) === 0) {
      return this.parseGtids(before.gtidsAfter)
    }
    const span = this.spans[index]
    if (span === undefined || comparePoints(this.pointIn(span, span.from), point) > 0) return undefined
    const executed = this.transactions(index).filter(({ end }) => end <= point.position.offset)
    return this.parseGtids(span.gtidsBefore)?.withAll(executed.flatMap(({ gtid }) => gtid ?? []))
  }

  /** Reads a set in the syntax of the timeline. */
  parseGtids(text: string | undefined): GtidSet | undefined {
    return text === undefined ? undefined : parseGtidSet(this.facts.flavor, text)
  }

  #point(fileId: string, { file, offset }: BinlogPosition): LogPoint {
    return { rank: this.chain.rankOf(fileId, file), fileId, position: { file, offset } }
  }
}

function isSum(details: Exclude<SpanDetails, PitrError>): details is DividedSpan {
  return 'gtids' in details
}

/** Negative, zero or positive: which of two points comes first. */
export function comparePoints(a: LogPoint, b: LogPoint): number {
  return a.rank - b.rank || a.position.offset - b.position.offset
}

/** Names a transaction of a span. */
export function refOf({ fileId, file }: LogSpan, { start, end, gtid, commitTime }: Transaction): TransactionRef {
  return {
    fileId,
    start: { file, offset: start },
    end: { file, offset: end },
    ...(gtid === undefined ? {} : { gtid }),
    commitTime,
  }
}

// The manifest was written from the same bytes: when they disagree, one of them is not what it was.
function requireCount(span: LogSpan, found: number): void {
  if (found === span.counts.transactions) return
  throw new PitrError('CorruptManifest', {
    subject: segmentOf(span).blob.key,
    message: `the segment holds ${found} transactions, but its manifest says ${span.counts.transactions}`,
    hint: 'The archive is damaged here: verify it, and plan for a target before this segment.',
    details: { file: span.file, from: span.from, to: span.to },
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
