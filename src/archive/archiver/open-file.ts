import { EventReader } from '../../binlog/event-reader.ts'
import { FileHeadBuilder } from '../../binlog/file-head.ts'
import { flavorOf } from '../../binlog/format-description.ts'
import { SegmentFactsBuilder } from '../../binlog/segment-facts.ts'
import { TransactionReader } from '../../binlog/transaction-reader.ts'
import { PitrError } from '../../errors.ts'
import type { LogFormat, Segment } from '../../image/segment.ts'
import type { SegmentDraft } from '../archive.ts'
import type { LogCursor } from './log-cursor.ts'
import { MAGIC, normalized } from './open-log.ts'

/** A segment ends at the first transaction boundary behind this much: large enough to be few, small enough to read one alone. */
const SEGMENT_BYTES: number = 64 * 1024 * 1024
/** Events are handed on in chunks of about this size. */
const CHUNK_BYTES = 1024 * 1024

/** What is known of a binlog file before its events are read. */
interface FileStart {
  readonly timelineId: string
  readonly file: string
  readonly fileId: string
  readonly format: LogFormat
  readonly gtids: string | undefined
  readonly previous: Segment['previous']
  readonly from: number
}

/** The binlog file that is being archived: its readers, and how far they are. Makes one segment after the other of it. */
export class OpenFile {
  readonly file: string
  readonly fileId: string
  readonly #start: FileStart
  readonly #events: EventReader
  readonly #transactions: TransactionReader
  #pending: readonly Buffer[]
  #from: number
  #gtids: string | undefined

  private constructor(start: FileStart, pending: readonly Buffer[]) {
    const { file, fileId, format, from, gtids } = start
    this.file = file
    this.fileId = fileId
    this.#start = start
    this.#events = new EventReader({ file, ...(from === 0 ? {} : { start: { offset: from, format } }) })
    this.#transactions = new TransactionReader({ file, format })
    this.#pending = pending
    this.#from = from
    this.#gtids = gtids
  }

  /** Goes on behind an archived segment. */
  static behind(segment: Segment): OpenFile {
    const { timelineId, file, fileId, format, gtidsAfter: gtids, to: from } = segment
    return new OpenFile({ timelineId, file, fileId, format, gtids, from, previous: undefined }, [])
  }

  /** Begins the file the cursor stands at, behind `previous`. Reads its first events to know which file it is. */
  static async begin(
    log: LogCursor,
    file: string,
    timelineId: string,
    previous: Segment['previous'],
  ): Promise<OpenFile> {
    const builder = new FileHeadBuilder(file)
    const reader = new EventReader({ file })
    reader.push(MAGIC)
    const pending = [MAGIC]
    while (builder.head === undefined && (await log.fill()) && log.current?.file === file) {
      const bytes = normalized(log.current)
      log.advance()
      pending.push(bytes)
      for (const event of reader.push(bytes)) builder.add(event)
    }
    const { fileId, format, previousGtids: gtids } = builder.end()
    const { serverVersion, checksum } = format
    return new OpenFile(
      { timelineId, file, fileId, format: { serverVersion, checksum }, gtids, from: 0, previous },
      pending,
    )
  }

  /** Where the archived part of the file ends. */
  get to(): number {
    return this.#from
  }

  /** The next segment: its bytes are taken from the cursor while they are consumed. */
  nextSegment(log: LogCursor): SegmentDraft {
    const { timelineId, format, previous } = this.#start
    const from = this.#from
    const gtidsBefore = this.#gtids
    const facts = new SegmentFactsBuilder({
      file: this.file,
      fileId: this.fileId,
      flavor: flavorOf(format.serverVersion),
      gtidsBefore,
      from,
    })
    return {
      timelineId,
      file: this.file,
      fileId: this.fileId,
      from,
      bytes: this.#bytes(log, facts),
      facts: () => {
        const taken = facts.take()
        if (taken === undefined || taken.to !== this.#events.position) throw this.#torn(taken?.to ?? from)
        this.#from = taken.to
        this.#gtids = taken.gtidsAfter
        return { ...taken, format, gtidsBefore, ...(from === 0 && previous !== undefined ? { previous } : {}) }
      },
      blocks: () => facts.takeBlocks(),
    }
  }

  async *#bytes(log: LogCursor, facts: SegmentFactsBuilder): AsyncGenerator<Uint8Array, void, undefined> {
    for (const bytes of this.#pending) this.#take(bytes, facts)
    yield* this.#pending
    this.#pending = []

    const from = this.#from
    let chunk: Buffer[] = []
    let chunkBytes = 0
    const isFull = (): boolean => this.#events.position - from >= SEGMENT_BYTES && this.#transactions.atBoundary
    while (!isFull() && (await log.fill()) && log.current?.file === this.file) {
      while (!isFull() && log.current?.file === this.file && chunkBytes < CHUNK_BYTES) {
        const bytes = normalized(log.current)
        log.advance()
        this.#take(bytes, facts)
        chunk.push(bytes)
        chunkBytes += bytes.length
      }
      yield Buffer.concat(chunk, chunkBytes)
      chunk = []
      chunkBytes = 0
    }
    // Throwing here keeps the bytes from being stored: a server's log ends between transactions, so this one is damaged.
    this.#transactions.end()
  }

  #take(bytes: Buffer, facts: SegmentFactsBuilder): void {
    for (const event of this.#events.push(bytes)) {
      facts.add(event, this.#transactions.push(event), this.#transactions.atBoundary)
    }
  }

  #torn(to: number): PitrError {
    return new PitrError('TruncatedBinlog', {
      subject: `${this.file}:${to}`,
      message: `the server's log of ${this.file} ends inside a transaction that begins at ${to}`,
      hint: 'Run the same operation again; when it stays, the file is damaged on the server.',
    })
  }
}
