import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { CommitTime } from '../coordinates/timestamp.ts'
import type { Touched } from './touched.ts'

/** A stored blob: its content, and the bytes in storage that hold it compressed. */
export interface Blob {
  /** Key in the storage. */
  readonly key: string
  /** How content became stored bytes. */
  readonly codec: 'zstd'
  /** Size and SHA-256 (hex) of the content. */
  readonly content: Digest
  /** Size and SHA-256 (hex) of the stored bytes. */
  readonly stored: Digest
}

/** Size and hash of bytes. */
export interface Digest {
  /** Size in bytes. */
  readonly bytes: number
  /** SHA-256 in lower-case hex. */
  readonly sha256: string
}

/** What a range of binary log holds, counted. */
export interface LogCounts {
  /** Transactions. */
  readonly transactions: number
  /** Row events (Write, Update, Delete rows). */
  readonly rowEvents: number
  /** Rows in them. */
  readonly rows: number
}

/** How the events of a binlog file are written: from its format description event. */
export interface LogFormat {
  /** The version of the server that wrote the file: `9.7.4`, `11.8.6-MariaDB-log`. */
  readonly serverVersion: string
  /** Whether each event ends with a CRC32. */
  readonly checksum: 'crc32' | 'none'
}

/** Where the file before another one ended. */
export interface PreviousFile {
  /** Its identity. */
  readonly fileId: string
  /** Byte behind its last one. */
  readonly to: number
}

/** The event a segment ends with. */
export interface LastEvent {
  /** Where it begins. */
  readonly offset: number
  /** SHA-256 of its bytes, in lower-case hex. */
  readonly sha256: string
}

/** Something in the log that cannot be replayed. */
export interface Obstacle {
  /** Where the transaction begins. */
  readonly offset: number
  /** Why. */
  readonly reason: string
}

/** One archived range of one binlog file. It begins and ends at transaction boundaries (or at 0). */
export interface Segment {
  /** The timeline it belongs to. */
  readonly timelineId: string
  /** Identity of the binlog file: a hash of its first events, stable under renaming. */
  readonly fileId: string
  /** Name of the binlog file on the server it came from. */
  readonly file: string
  /** First byte; 0 for the first segment of a file, which holds magic, format description and previous GTIDs. */
  readonly from: number
  /** Byte behind the last one. */
  readonly to: number
  /** What the file's format description says; a reader that starts behind it needs this. */
  readonly format: LogFormat
  /** For the first segment of a file: the file before it and where that ended; undefined when it is the first archived one. */
  readonly previous?: PreviousFile | undefined
  /** Whether the file ends here, by the event that says so. */
  readonly end?: 'rotate' | 'stop' | undefined
  /** The GTID set executed before `from` (from the file's Previous_gtids or Gtid_list and its earlier segments); undefined without GTIDs. */
  readonly gtidsBefore?: string | undefined
  /** The GTID set executed before `to`. */
  readonly gtidsAfter?: string | undefined
  /** What it holds. */
  readonly counts: LogCounts
  /** The first transaction in log order. */
  readonly first?: TransactionRef | undefined
  /** The last transaction in log order. */
  readonly last?: TransactionRef | undefined
  /** The earliest commit time in it: the clock may step back. */
  readonly minCommitTime?: CommitTime | undefined
  /** The latest commit time in it. */
  readonly maxCommitTime?: CommitTime | undefined
  /** Offset and SHA-256 of its last event: what the server must still have there when archiving goes on. */
  readonly lastEvent: LastEvent
  /** Where something lies that no replayer can apply faithfully, and why. */
  readonly obstacles: readonly Obstacle[]
  /** What kinds of transactions it holds and which tables they touch; undefined when that was not recorded. */
  readonly touched?: Touched | undefined
  /** Its sparse index, at the end of the stored bytes; undefined when it has none: one block is read as fast. */
  readonly index?: Digest | undefined
  /** Its bytes. */
  readonly blob: Blob
}
