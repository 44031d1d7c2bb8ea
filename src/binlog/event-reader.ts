import { crc32 } from 'node:zlib'
import { FIRST_EVENT_OFFSET } from '../coordinates/binlog-position.ts'
import type { LogFormat } from '../image/segment.ts'
import { CrcRun, MAX_RUN_PIECE_BYTES } from './crc-run.ts'
import { EventType, eventTypeName, isOfOtherFlavor } from './event-type.ts'
import {
  BinlogEvent,
  CHECKSUM_BYTES,
  EventFlag,
  HEADER_BYTES,
  LARGE_EVENT_BYTES,
  MAX_EVENT_BYTES,
  OWN_BUFFERS,
  readUint32,
} from './event.ts'
import { flavorOf, readFormatDescription } from './format-description.ts'
import type { FormatDescription } from './format-description.ts'
import { corruptBinlog, encryptedBinlog, truncatedBinlog, unsupportedEvent } from './log-problem.ts'

/** What an {@link EventReader} begins with. */
export interface EventReaderOptions {
  /** Name of the binlog file, for errors. */
  readonly file: string
  /** Where it begins when not at byte 0: an event boundary, and what the file's format description said. */
  readonly start?: { readonly offset: number; readonly format: LogFormat } | undefined
}

const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e])
// `binlog_encryption`: "Encrypted binary log files begin with 0xfd 'bin'", see
// https://dev.mysql.com/doc/refman/en/replication-binlog-encryption.html
const ENCRYPTED_FIRST_BYTE = 0xfd
/** So much is made room for when a header says it. */
const BELIEVED_BYTES = 32 * 1024 * 1024

// MariaDB 11.8 leaves the position of events inside a transaction 0: their place in the file is not known when they are
// written to the transaction's cache. Everywhere else 0 marks an event made up for the replication protocol.
const NEVER_IN_A_TRANSACTION: ReadonlySet<number> = new Set([
  EventType.FormatDescription,
  EventType.Rotate,
  EventType.Stop,
  EventType.Heartbeat,
  EventType.GtidList,
  EventType.BinlogCheckpoint,
  EventType.MariadbGtid,
])

/**
 * Cuts the bytes of a binlog file into events and checks each: length, position and CRC32. Works synchronously on one
 * chunk at a time; nothing is copied but an event that lies across chunks.
 *
 * Every method throws `CorruptBinlog`, `UnsupportedEvent` or `EncryptedBinlog` with the file and the offset; the
 * reader is then of no further use.
 */
export class EventReader {
  readonly #file: string
  #format: LogFormat | undefined
  #checksumBytes = 0
  #isMariadb = false
  readonly #run = new CrcRun()
  /** Offset of the next event. */
  #position: number
  /** Bytes of the event (or the magic) that lies across chunks. */
  #carry: Buffer = Buffer.alloc(0)
  #carried = 0

  /** Without `start` the first byte pushed is the file's first. */
  constructor(options: EventReaderOptions) {
    this.#file = options.file
    this.#position = options.start?.offset ?? 0
    this.#setFormat(options.start?.format)
  }

  /** What the format description says; undefined until it was read. A {@link FormatDescription} when read from the file. */
  get format(): LogFormat | FormatDescription | undefined {
    return this.#format
  }

  /** Offset behind the last complete event. */
  get position(): number {
    return this.#position
  }

  /** Takes the next bytes of the file; returns the events that are complete with them, in order, checked. */
  push(chunk: Uint8Array): BinlogEvent[] {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const events: BinlogEvent[] = []
    let at = this.#carried > 0 ? this.#completeCarried(bytes, events) : 0
    if (this.#position === 0 && this.#format === undefined && bytes.length - at >= MAGIC.length) {
      this.#checkMagic(bytes, at)
      at += MAGIC.length
    }
    if (this.#position > 0) at = this.#cut(bytes, at, events)
    if (at < bytes.length) this.#keep(bytes, at)
    return events
  }

  /** The file ends here: throws `TruncatedBinlog` when an incomplete event is left, or not even the head is there. */
  end(): void {
    if (this.#carried === 0 && this.#format !== undefined) return
    const what = this.#position === 0 ? 'the file signature' : this.#format === undefined ? 'the head' : 'an event'
    throw truncatedBinlog(this.#here(), `the file ends inside ${what} (${this.#carried} bytes of it are there)`)
  }

  #setFormat(format: LogFormat | undefined): void {
    this.#format = format
    this.#checksumBytes = format?.checksum === 'crc32' ? CHECKSUM_BYTES : 0
    this.#isMariadb = format !== undefined && flavorOf(format.serverVersion) === 'mariadb'
  }

  #checkMagic(bytes: Buffer, at: number): void {
    const isMagic = bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) === 0
    if (!isMagic && bytes[at] === ENCRYPTED_FIRST_BYTE && bytes.compare(MAGIC, 1, 4, at + 1, at + 4) === 0) {
      throw encryptedBinlog(this.#here())
    }
    if (!isMagic) throw corruptBinlog(this.#here(), 'the file does not begin with the signature of a binlog')
    this.#position = FIRST_EVENT_OFFSET
  }

  /** Cuts whole events out of `bytes` from `at` on; returns where the first incomplete one begins. */
  #cut(bytes: Buffer, from: number, events: BinlogEvent[]): number {
    let at = from
    let runStart = from
    this.#run.begin()
    const position = this.#position
    try {
      while (bytes.length - at >= HEADER_BYTES) {
        const length = this.#checkHeader(bytes, at)
        if (length > bytes.length - at) break
        if (length < MAX_RUN_PIECE_BYTES && this.#isRunnable(bytes[at + 4]!)) {
          this.#run.add(length)
        } else {
          this.#checkRun(bytes, runStart, at, position + runStart - from)
          this.#checkOne(bytes, at, length)
          this.#run.begin()
          runStart = at + length
        }
        events.push(new BinlogEvent(this.#file, bytes, at, length, this.#position, this.#checksumBytes))
        this.#position += length
        at += length
      }
    } catch (error) {
      // Whatever was found, damage in an event before it is the first thing that is wrong.
      this.#checkRun(bytes, runStart, at, position + runStart - from)
      throw error
    }
    this.#checkRun(bytes, runStart, at, position + runStart - from)
    return at
  }

  /** Looks at the header before waiting for the rest: a damaged length must not make us collect a gigabyte. */
  #checkHeader(bytes: Buffer, at: number): number {
    const length = readUint32(bytes, at + 9)
    const logPosition = readUint32(bytes, at + 13)
    const type = bytes[at + 4]!
    if (length < HEADER_BYTES + this.#checksumBytes || length > MAX_EVENT_BYTES) {
      throw corruptBinlog(this.#here(), `an event of type ${type} cannot have a length of ${length} bytes`)
    }
    const isArtificial = logPosition === 0 && !(this.#isMariadb && !NEVER_IN_A_TRANSACTION.has(type))
    if (isArtificial || (bytes[at + 17]! & EventFlag.artificial) !== 0) {
      throw unsupportedEvent(
        this.#here(),
        `a ${eventTypeName(type)} event made for replication is not a part of a file`,
      )
    }
    // The position has 32 bits, like the result of this shift.
    if (logPosition !== 0 && logPosition !== (this.#position + length) >>> 0) {
      throw corruptBinlog(this.#here(), `the event's length and its position ${logPosition} contradict each other`)
    }
    if (this.#format === undefined && type !== EventType.FormatDescription) {
      throw corruptBinlog(this.#here(), `the first event is ${eventTypeName(type)}, not a format description`)
    }
    if (isOfOtherFlavor(type, this.#isMariadb) && this.#format !== undefined) {
      const [other, own] = this.#isMariadb ? ['MySQL', 'MariaDB'] : ['MariaDB', 'MySQL']
      throw unsupportedEvent(this.#here(), `a ${eventTypeName(type)} event of ${other} in a file of ${own}`)
    }
    return length
  }

  /** Whether events of a type are checked as a part of a run: not those that change how the rest is read. */
  #isRunnable(type: number): boolean {
    return this.#checksumBytes > 0 && type !== EventType.FormatDescription && type !== EventType.StartEncryption
  }

  /** Checks the checksums of the events from `start` to `end`, the first of which lies at `offset` in the file. */
  #checkRun(bytes: Buffer, start: number, end: number, offset: number): void {
    if (start === end || this.#run.isValid(bytes.subarray(start, end))) return
    this.#position = offset
    for (let at = start; at < end;) {
      const length = readUint32(bytes, at + 9)
      this.#checkOne(bytes, at, length)
      this.#position += length
      at += length
    }
    throw corruptBinlog({ file: this.#file, offset }, 'the checksums of several events are wrong')
  }

  /** Checks an event by itself. */
  #checkOne(bytes: Buffer, at: number, length: number): void {
    const type = bytes[at + 4]!
    if (type === EventType.FormatDescription) {
      if (this.#format !== undefined) throw corruptBinlog(this.#here(), 'a second format description')
      this.#setFormat(readFormatDescription(bytes.subarray(at, at + length), this.#here()))
    } else if (this.#checksumBytes > 0) {
      const end = at + length - CHECKSUM_BYTES
      if (crc32(bytes.subarray(at, end)) !== readUint32(bytes, end)) {
        throw corruptBinlog(this.#here(), `the checksum of the ${eventTypeName(type)} event is wrong`)
      }
    }
    if (type === EventType.StartEncryption) throw encryptedBinlog(this.#here())
  }

  /** Adds what the carried event lacks; returns where the next one begins in `bytes`. */
  #completeCarried(bytes: Buffer, events: BinlogEvent[]): number {
    let at = 0
    if (this.#position === 0) {
      at += this.#carryOver(bytes, at, MAGIC.length)
      if (this.#carried < MAGIC.length) return at
      this.#checkMagic(this.#carry, 0)
      this.#carried = 0
      return at
    }
    at += this.#carryOver(bytes, at, HEADER_BYTES)
    if (this.#carried < HEADER_BYTES) return at
    const length = this.#checkHeader(this.#carry, 0)
    at += this.#carryOver(bytes, at, length)
    if (this.#carried < length) return at
    this.#checkOne(this.#carry, 0, length)
    events.push(new BinlogEvent(this.#file, this.#carry, 0, length, this.#position, this.#checksumBytes))
    this.#position += length
    // The event just given away lies in this buffer.
    if (length >= LARGE_EVENT_BYTES) OWN_BUFFERS.add(this.#carry)
    this.#carry = Buffer.alloc(0)
    this.#carried = 0
    return at
  }

  #keep(bytes: Buffer, at: number): void {
    this.#carryOver(bytes, at, this.#carried + bytes.length - at)
  }

  /** Copies from `bytes` until `wanted` bytes are carried; returns how many were copied. */
  #carryOver(bytes: Buffer, at: number, wanted: number): number {
    const count = Math.min(bytes.length - at, Math.max(0, wanted - this.#carried))
    if (this.#carried + count > this.#carry.length) this.#growCarry(this.#carried + count)
    bytes.copy(this.#carry, this.#carried, at, at + count)
    this.#carried += count
    return count
  }

  /**
   * To the event's own length, or where that is more than one should believe before it is there, to the double: so an event
   * in many chunks is copied about once.
   */
  #growCarry(needed: number): void {
    const eventLength = this.#carried >= HEADER_BYTES ? readUint32(this.#carry, 9) : Number.POSITIVE_INFINITY
    const believed = eventLength <= BELIEVED_BYTES ? eventLength : Math.min(needed * 2, eventLength)
    const larger = Buffer.allocUnsafe(Math.max(needed, believed))
    this.#carry.copy(larger, 0, 0, this.#carried)
    this.#carry = larger
  }

  #here(): { file: string; offset: number } {
    return { file: this.#file, offset: this.#position }
  }
}
