/** One event of a binlog file: its header, decoded, and a view of its bytes. Bodies are parsed only by whoever needs them. */
export class BinlogEvent {
  /** Name of its file. */
  readonly file: string
  /** One of `EventType`. */
  readonly type: number
  /** Offset in its file, counted from the bytes: the header's `log_pos` has 32 bits, and files can exceed 4 GiB. */
  readonly offset: number
  /** Length in bytes, header and checksum included. */
  readonly length: number
  /** The buffer it lies in, with its neighbours; overwritten after the reader's next `push`. */
  readonly buffer: Buffer
  /** Where its body begins in `buffer`. */
  readonly bodyStart: number
  /** Where its body ends in `buffer`: before the checksum. */
  readonly bodyEnd: number
  /** Offset behind it in its file. */
  readonly end: number

  /**
   * Reads the header at `start`, which must be whole; `length` is the event's, checked by the caller. `end` is another than
   * that only for what stands in place of an event of the file.
   */
  constructor(
    file: string,
    buffer: Buffer,
    start: number,
    length: number,
    offset: number,
    checksumBytes: number,
    end: number = offset + length,
  ) {
    this.file = file
    this.type = buffer[start + TYPE_AT]!
    this.offset = offset
    this.length = length
    this.buffer = buffer
    this.bodyStart = start + HEADER_BYTES
    this.bodyEnd = start + length - checksumBytes
    this.end = end
  }

  // Few events are asked for the rest of their header, and there are millions of them.

  /** Seconds since 1970-01-01T00:00:00Z: when the *statement* began, not when the transaction committed. */
  get timestamp(): number {
    return readUint32(this.buffer, this.bodyStart - HEADER_BYTES)
  }

  /** The server that wrote it first. */
  get serverId(): number {
    return readUint32(this.buffer, this.bodyStart - HEADER_BYTES + 5)
  }

  /** Bits of the header's flags field, see {@link EventFlag}. */
  get flags(): number {
    const at = this.bodyStart - HEADER_BYTES + 17
    return this.buffer[at]! | (this.buffer[at + 1]! << 8)
  }

  /** The whole event, header and checksum included: a view, valid only until the reader's next `push`. */
  get bytes(): Buffer {
    const start = this.bodyStart - HEADER_BYTES
    return this.buffer.subarray(start, start + this.length)
  }

  /** Length of the checksum at its end; 0 without one. */
  get checksumBytes(): number {
    return this.length - HEADER_BYTES - (this.bodyEnd - this.bodyStart)
  }

  /** The same event in a buffer of its own, which stays. */
  detached(): BinlogEvent {
    if (this.length >= LARGE_EVENT_BYTES && OWN_BUFFERS.has(this.buffer)) return this
    return new BinlogEvent(
      this.file,
      Buffer.from(this.bytes),
      0,
      this.length,
      this.offset,
      this.checksumBytes,
      this.end,
    )
  }

  /** The same event as one of those that stand in place of another: the last one for all its bytes of the file, the others for none. */
  inPlaceOf({ file, offset, end }: BinlogEvent, isLast: boolean): BinlogEvent {
    const { buffer, bodyStart, length, checksumBytes } = this
    return new BinlogEvent(file, buffer, bodyStart - HEADER_BYTES, length, offset, checksumBytes, isLast ? end : offset)
  }

  /** Copies the whole event to the beginning of `target`, which must be large enough. */
  copyTo(target: Buffer): void {
    const start = this.bodyStart - HEADER_BYTES
    this.buffer.copy(target, 0, start, start + this.length)
  }

  /** What lies between header and checksum: a view, valid only until the reader's next `push`. */
  get body(): Buffer {
    return this.buffer.subarray(this.bodyStart, this.bodyEnd)
  }
}

/**
 * Bits of an event's flags, by the names of
 * [binlog_event.h](https://dev.mysql.com/doc/dev/mysql-server/latest/namespacemysql_1_1binlog_1_1event.html).
 */
export const EventFlag = {
  /** LOG_EVENT_BINLOG_IN_USE_F: in a format description, the file was not closed (yet, or ever, after a kill). */
  binlogInUse: 0x1,
  /** LOG_EVENT_THREAD_SPECIFIC_F: a statement that depends on which session it is of, such as one about temporary tables. */
  threadSpecific: 0x4,
  /** LOG_EVENT_SUPPRESS_USE_F: a statement that means the same in whatever default database. */
  suppressUse: 0x8,
  /** LOG_EVENT_ARTIFICIAL_F: made up for the replication protocol, not a part of any file. */
  artificial: 0x20,
  /** LOG_EVENT_IGNORABLE_F: a reader that does not know the type may pass over it. */
  ignorable: 0x80,
} as const

/** Events of so many bytes are not copied without need. */
export const LARGE_EVENT_BYTES: number = 2 ** 20
/** Buffers that hold one large event each, and that nobody writes into again. */
export const OWN_BUFFERS: WeakSet<Buffer> = new WeakSet()

/** Length of every event's header. */
export const HEADER_BYTES = 19
/** Where the type of an event lies in its header. */
export const TYPE_AT = 4
/** Where the length of an event lies in its header. */
export const LENGTH_AT = 9
/** Length of the CRC32 at the end of each event of a file with checksums. */
export const CHECKSUM_BYTES = 4

/** No server writes larger events: replication sends each in one packet, whose limit is 1 GiB plus a header. */
export const MAX_EVENT_BYTES: number = 2 ** 30 + 2 ** 20

/** Little-endian, without the range check of `Buffer.readUInt32LE`: callers know the four bytes are there. */
export function readUint32(buffer: Buffer, at: number): number {
  return (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)) >>> 0
}
