import type { BinlogPosition } from './binlog-position.ts'
import type { CommitTime } from './timestamp.ts'

/** Names one transaction of a timeline: where it lies, its GTID, when it committed. */
export interface TransactionRef {
  /** Identity of the binlog file it lies in; a file name alone is none. */
  readonly fileId: string
  /** Where its first event begins. */
  readonly start: BinlogPosition
  /** Where its last event ends. */
  readonly end: BinlogPosition
  /** Its GTID, when the server gives them: `uuid:1`, `uuid:tag:1` or `0-1-1`. */
  readonly gtid?: string | undefined
  /** When it committed. */
  readonly commitTime: CommitTime
}
