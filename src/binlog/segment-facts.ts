import { createHash } from 'node:crypto'
import type { Flavor } from '../coordinates/flavor.ts'
import type { CommitTime } from '../coordinates/timestamp.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { Segment } from '../image/segment.ts'
import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import { GtidAccumulator } from './gtid-accumulator.ts'
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
}

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
  readonly #file: string
  readonly #fileId: string
  readonly #gtids: GtidAccumulator | undefined
  #to: number | undefined
  #end: Segment['end']
  #transactions = 0
  #rowEvents = 0
  #rows = 0
  #first: TransactionRef | undefined
  #last: Transaction | undefined
  #min: CommitTime | undefined
  #max: CommitTime | undefined
  readonly #obstacles: { offset: number; reason: string }[] = []
  readonly #lastEvent = Buffer.allocUnsafe(MAX_KEPT_BYTES)
  #lastEventBytes = 0
  #lastEventOffset = 0
  #lastEventHash: string | undefined

  constructor(options: SegmentFactsOptions) {
    this.#file = options.file
    this.#fileId = options.fileId
    this.#gtids =
      options.gtidsBefore === undefined ? undefined : new GtidAccumulator(options.flavor, options.gtidsBefore)
  }

  /** Adds the next event, the transaction that it ends, and whether a transaction is open behind it. */
  add(event: BinlogEvent, transaction: Transaction | undefined, atBoundary: boolean): void {
    if (transaction !== undefined) this.#addTransaction(transaction)
    if (!atBoundary) return
    this.#to = event.end
    this.#keepLastEvent(event)
    if (event.type === EventType.Rotate) this.#end = 'rotate'
    else if (event.type === EventType.Stop) this.#end = 'stop'
  }

  /** Bytes behind the range's last boundary; undefined before the first. */
  get to(): number | undefined {
    return this.#to
  }

  /** Transactions so far. */
  get transactions(): number {
    return this.#transactions
  }

  /** The facts up to the last boundary; undefined when there was none. */
  take(): SegmentFacts | undefined {
    if (this.#to === undefined) return undefined
    return {
      to: this.#to,
      end: this.#end,
      gtidsAfter: this.#gtids?.set.toString(),
      counts: { transactions: this.#transactions, rowEvents: this.#rowEvents, rows: this.#rows },
      first: this.#first,
      last: this.#last === undefined ? undefined : this.#refTo(this.#last),
      minCommitTime: this.#min,
      maxCommitTime: this.#max,
      lastEvent: { offset: this.#lastEventOffset, sha256: this.#hashOfLastEvent() },
      obstacles: [...this.#obstacles],
    }
  }

  #addTransaction(transaction: Transaction): void {
    const { start, gtid, commitTime, obstacle } = transaction
    this.#transactions++
    this.#rowEvents += transaction.rowEvents
    this.#rows += transaction.rows
    this.#first ??= this.#refTo(transaction)
    this.#last = transaction
    if (this.#min === undefined || commitTime.compare(this.#min) < 0) this.#min = commitTime
    if (this.#max === undefined || commitTime.compare(this.#max) > 0) this.#max = commitTime
    if (obstacle !== undefined) this.#obstacles.push({ offset: start, reason: obstacle })
    if (gtid !== undefined) this.#gtids?.add(gtid)
  }

  #refTo({ start, end, gtid, commitTime }: Transaction): TransactionRef {
    const file = this.#file
    return { fileId: this.#fileId, start: { file, offset: start }, end: { file, offset: end }, gtid, commitTime }
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
