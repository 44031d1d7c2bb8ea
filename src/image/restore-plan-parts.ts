import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import type { Resolution, Timestamp } from '../coordinates/timestamp.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { BackupImage } from './backup-image.ts'
import type { RestoreTarget } from './restore-target.ts'
import type { RestoreOnly } from './restored-tables.ts'
import type { LogCounts, Segment } from './segment.ts'
import type { TableChange, TransactionKind } from './touched.ts'

/** The image a plan starts from. */
export interface PlannedImage {
  /** Its id in the archive. */
  readonly id: string
  /** Where in the log its state lies. */
  readonly position: BinlogPosition
  /** Identity of the binlog file of `position`. */
  readonly fileId: string
  /** The GTIDs executed before `position`; undefined without GTIDs. */
  readonly gtidSet?: GtidSet | undefined
  /** The server's clock when its position was known. */
  readonly startTime: Timestamp
  /** The backup: method, tool, server, scope, and the parts with their hashes. */
  readonly backup: BackupImage
}

/** An archived segment a plan needs: where its bytes lie, their hashes, and how its file's events are written. */
export type PlannedSegment = Pick<Segment, 'fileId' | 'file' | 'from' | 'to' | 'format' | 'blob'>

/** A place in the log of the plan's timeline. */
export interface LogPlace {
  /** Identity of the binlog file. */
  readonly fileId: string
  /** Name of the file and offset. */
  readonly position: BinlogPosition
}

/** A transaction next to a plan's stop, and what is known of what it did. */
export interface PlannedTransaction extends TransactionRef {
  /** The tables it touches, as `database.table`; undefined when they were not read or are not all known. */
  readonly tables?: readonly string[] | undefined
  /** The beginning of its first statement on one line, at most 200 characters; left out when it may hold a password. */
  readonly statement?: string | undefined
}

/** A transaction that is left out on purpose. */
export interface SkippedTransaction extends TransactionRef {
  /** What it is made of. */
  readonly kind: TransactionKind
  /** The tables it touched, and how many rows. */
  readonly changes: readonly TableChange[]
  /** Row events. */
  readonly rowEvents: number
  /** Rows in them. */
  readonly rows: number
  /** The beginning of its first statement on one line, at most 200 characters; left out when it may hold a password. */
  readonly statement?: string | undefined
}

/** Transactions that are replayed behind a skipped one and touch a table that it touched. */
export interface LaterChanges {
  /** The table, as `database.table`; undefined for those of which it is not known what they touch. */
  readonly table?: string | undefined
  /** How many. */
  readonly transactions: number
  /** The first few of them, in log order. */
  readonly first: readonly TransactionRef[]
}

/** What a plan leaves out on purpose, and what may be affected by it. */
export interface Skipped {
  /** The transactions, in log order; at least one. */
  readonly transactions: readonly SkippedTransaction[]
  /**
   * What is replayed behind them on the same tables, where there is any: it may be refused, because it does not find a row
   * or finds one too many, or leave content that never existed.
   */
  readonly later: readonly LaterChanges[]
  /** Whether the target counts their GTIDs as executed at the end. */
  readonly gtids: 'missing' | 'executed'
}

/**
 * What is not replayed because it is about tables that are not restored: transactions that touch no others, and row events
 * of those that do.
 */
export interface LeftOut extends LogCounts {
  /** Bytes of binary log of the transactions. */
  readonly bytes: number
}

/** What a {@link RestorePlan} holds. */
export interface RestorePlanParts {
  /** The archive it was made from. */
  readonly archiveId: string
  /** The timeline it restores. */
  readonly timelineId: string
  /** What was asked, in normal form: a time is ISO 8601 in UTC, a GTID canonical. */
  readonly target: RestoreTarget
  /** The choice the caller made between several stops, where commit times do not follow the order of the log. */
  readonly ambiguous?: 'first' | 'last' | undefined
  /** What is restored of the backup and the log, and nothing else; undefined for all. */
  readonly only?: RestoreOnly | undefined
  /** Where it starts. */
  readonly image: PlannedImage
  /** The segments to read, in log order: from byte 0 of the image's file to the stop; none when nothing is replayed. */
  readonly segments: readonly PlannedSegment[]
  /** The image's position: the first byte that may be replayed. */
  readonly start: LogPlace
  /** The byte behind the last one that is replayed: always between two transactions. */
  readonly stop: LogPlace
  /** Bytes of content: of the backup, and of the log from start to stop. */
  readonly bytes: { readonly backup: number; readonly binlog: number }
  /** What lies in the log from start to stop, including what is left out. */
  readonly counts: LogCounts
  /** What of it is not replayed. */
  readonly leftOut: LeftOut
  /** What is left out on purpose; undefined for nothing. */
  readonly skipped?: Skipped | undefined
  /** With GTIDs: the set executed before the stop, and those of the transactions that are replayed. */
  readonly gtids?: { readonly after: GtidSet; readonly replayed: GtidSet } | undefined
  /** How fine the commit times around the stop are. */
  readonly resolution: Resolution
  /** The last transaction before the stop that is not skipped; it may be in the backup already. Undefined when the archive holds none. */
  readonly lastIncluded?: PlannedTransaction | undefined
  /** The first transaction behind the stop, which will be missing; undefined when the archive holds none. */
  readonly firstExcluded?: PlannedTransaction | undefined
  /** What a person who approves the plan should know. */
  readonly warnings: readonly string[]
}
