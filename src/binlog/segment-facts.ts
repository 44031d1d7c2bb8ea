import { createHash } from 'node:crypto'
import type { Flavor } from '../coordinates/flavor.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import type { LogBlock } from '../image/log-block.ts'
import type { Segment } from '../image/segment.ts'
import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import { GtidAccumulator } from './gtid-accumulator.ts'
import { LogTally } from './log-tally.ts'
import type { Transaction } from './transaction.ts'

/** What a range of a binlog file turned out to hold: the part of a {@link Segment} that is read from its events. */
export type SegmentFacts = Pick<
  Segment,
  | 'to'
  | 'end'
  | 'gtidsAfter'
  | 'counts'
  | 'first'
  | 'last'
  | 'minCommitTime'
  | 'maxCommitTime'
  | 'lastEvent'
  | 'obstacles'
  | 'touched'
>

/** What a {@link SegmentFactsBuilder} begins with. */
export interface SegmentFactsOptions {
  /** Name of the binlog file. */
  readonly file: string
  /** Identity of the binlog file. */
  readonly fileId: string
  /** Who wrote it. */
  readonly flavor: Flavor
  /** The GTID set executed before the range; undefined when the server gives no GTIDs. */
  readonly gtidsBefore?: string | undefined
  /** Where it begins. @default 0 */
  readonly from?: number | undefined
  /** A block ends at the first boundary behind this much. @default 64 KiB */
  readonly blockBytes?: number | undefined
}

/** An index of one entry a block stays below 1 % of the log. */
const DEFAULT_BLOCK_BYTES: number = 64 * 1024

/** The names of the tables in one block may take a share of its size, and this much in a small one. */
const MIN_NAME_BYTES = 512
const NAME_SHARE = 1 / 128
/** What they may take in a segment's manifest. */
const SEGMENT_NAME_BYTES = 1024

/** The last event before a boundary is kept up to this size until its hash is asked for; larger ones are hashed at once. */
const MAX_KEPT_BYTES = 4 * 1024

/**
 * Collects the facts of a segment while its events pass. Only what lies before the last boundary counts, so facts can be
 * taken at any time.
 *
 * @example
 * ```ts
 * for (const event of events.push(chunk)) facts.add(event, transactions.push(event), transactions.atBoundary)
 * const { to, counts } = facts.take()
 * ```
 */
export class SegmentFactsBuilder {
  readonly #options: SegmentFactsOptions
  /** What the closed blocks add up to. */
  readonly #tally = new LogTally()
  readonly #gtids: GtidAccumulator | undefined
  #to: number | undefined
  #end: Segment['end']
  readonly #obstacles: { offset: number; reason: string }[] = []
  readonly #blocks: LogBlock[] = []
  #block: OpenBlock
  readonly #lastEvent = Buffer.allocUnsafe(MAX_KEPT_BYTES)
  #lastEventBytes = 0
  #lastEventOffset = 0
  #lastEventHash: string | undefined

  constructor(options: SegmentFactsOptions) {
    const { flavor, gtidsBefore, from = 0 } = options
    this.#options = options
    this.#gtids = gtidsBefore === undefined ? undefined : new GtidAccumulator(flavor, gtidsBefore)
    this.#block = this.#openBlock(from)
  }

  /** Adds the next event, the transaction that it ends, and whether a transaction is open behind it. */
  add(event: BinlogEvent, transaction: Transaction | undefined, atBoundary: boolean): void {
    if (transaction !== undefined) this.#addTransaction(transaction)
    if (!atBoundary) return
    this.#to = event.end
    this.#keepLastEvent(event)
    if (event.type === EventType.Rotate) this.#end = 'rotate'
    else if (event.type === EventType.Stop) this.#end = 'stop'
    if (event.end - this.#block.from < (this.#options.blockBytes ?? DEFAULT_BLOCK_BYTES)) return
    this.#tally.addAll(this.#block.tally)
    if (this.#block.gtids !== undefined) this.#gtids?.addAll(this.#block.gtids)
    this.#blocks.push(this.#closedBlock(event.end))
    this.#block = this.#openBlock(event.end)
  }

  /** Bytes behind the range's last boundary; undefined before the first. */
  get to(): number | undefined {
    return this.#to
  }

  /** The facts up to the last boundary; undefined when there was none. */
  take(): SegmentFacts | undefined {
    if (this.#to === undefined) return undefined
    const tally = new LogTally()
    tally.addAll(this.#tally)
    tally.addAll(this.#block.tally)
    return {
      to: this.#to,
      end: this.#end,
      gtidsAfter: this.#gtidsAfter?.toString(),
      ...tally.take(SEGMENT_NAME_BYTES, this.#options),
      lastEvent: { offset: this.#lastEventOffset, sha256: this.#hashOfLastEvent() },
      obstacles: [...this.#obstacles],
    }
  }

  /** The blocks of the range up to the last boundary. */
  takeBlocks(): readonly LogBlock[] {
    const to = this.#to ?? 0
    return to > this.#block.from ? [...this.#blocks, this.#closedBlock(to)] : [...this.#blocks]
  }

  get #gtidsAfter(): GtidSet | undefined {
    const { gtids } = this.#block
    return gtids === undefined ? this.#gtids?.set : this.#gtids?.set.union(gtids.set)
  }

  #addTransaction(transaction: Transaction): void {
    const { start, gtid, obstacle } = transaction
    this.#block.tally.add(transaction)
    if (obstacle !== undefined) this.#obstacles.push({ offset: start, reason: obstacle })
    if (gtid !== undefined) this.#block.gtids?.add(gtid)
  }

  #openBlock(from: number): OpenBlock {
    const { flavor, gtidsBefore } = this.#options
    const gtids = gtidsBefore === undefined ? undefined : new GtidAccumulator(flavor)
    return { from, tally: new LogTally(), gtids }
  }

  #closedBlock(to: number): LogBlock {
    const { from, tally, gtids } = this.#block
    const totals = tally.take(Math.max(MIN_NAME_BYTES, (to - from) * NAME_SHARE), this.#options)
    return { from, to, ...totals, gtids: gtids?.set.toString() }
  }

  /** Every transaction ends in an event that might be the last: small ones are copied, since hashing each would cost more. */
  #keepLastEvent(event: BinlogEvent): void {
    this.#lastEventOffset = event.offset
    this.#lastEventBytes = event.length
    this.#lastEventHash = event.length > MAX_KEPT_BYTES ? sha256(event.bytes) : undefined
    if (this.#lastEventHash === undefined) event.copyTo(this.#lastEvent)
  }

  #hashOfLastEvent(): string {
    this.#lastEventHash ??= sha256(this.#lastEvent.subarray(0, this.#lastEventBytes))
    return this.#lastEventHash
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface OpenBlock {
  readonly from: number
  readonly tally: LogTally
  readonly gtids: GtidAccumulator | undefined
}
