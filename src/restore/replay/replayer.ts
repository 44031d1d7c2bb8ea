import type { BinlogEvent } from '../../binlog/event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { LogCounts, LogFormat } from '../../image/segment.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { OperationOptions } from '../../options.ts'
import type { Server } from '../../server/server.ts'
import type { ReplayedPart } from '../log/earlier-replay.ts'
import type { ReplayedTo } from '../target/replay-progress.ts'

/** The part of one binlog file that is replayed. */
export interface ReplayFile {
  /** Name the file had on its server, for messages. */
  readonly file: string
  /** Identity of the file. */
  readonly fileId: string
  /** Magic, format description and previous GTIDs: what every reader of the file needs first. */
  readonly head: Uint8Array
  /** How its events are written. */
  readonly format: LogFormat
  /** Where transactions begin that are applied too, and that the image counts already. */
  readonly uncounted: ReadonlySet<number>
  /** Whether it holds statements about temporary tables of a session. */
  readonly usesTemporaryTables: boolean
  /** Where transactions of more than {@link LARGE_STATEMENTS_BYTES} begin that are not row events alone. */
  readonly largeStatements: ReadonlySet<number>
  /** The transactions to apply, whole, in log order, checked (CRC32 of events, hash of the segment) while they stream. */
  readonly transactions: () => AsyncIterable<ReplayChunk>
}

/** Whole events, and the transactions that end in them. */
export interface ReplayChunk {
  /** The events; views, valid until the next chunk is asked for. */
  readonly events: readonly BinlogEvent[]
  /** The transactions that end in this chunk, in log order. */
  readonly transactions: readonly Transaction[]
}

/** What a replayer is asked to do. */
export interface ReplayJob extends OperationOptions {
  /** The target: loaded, marked and isolated. */
  readonly target: Server
  /** The files of the plan in log order. */
  readonly files: readonly ReplayFile[]
  /** What the plan promises: for totals of progress. */
  readonly expected: LogCounts & { readonly bytes: number }
  /** Whether each transaction has to stay one; else several may become one, with the GTID of the last. */
  readonly preserveTransactions: boolean
  /** Whether rows are compared with the log before they are changed; only for one that `verifies`. */
  readonly verifyBefore?: boolean | undefined
  /** What an earlier run replayed: it lies before the files, and counts as sent. */
  readonly done?: Omit<ReplayedPart, 'at'> | undefined
  /** Where it notes how far it is; only for one that `resumes`. */
  readonly notes?: ReplayNotes | undefined
  /** SQL that the replaying session runs last, behind everything else: its effect is the proof that all before it was executed. */
  readonly sentinel: readonly string[]
}

/** What a replay notes on the target, so that another one can go on behind it when it is killed. */
export interface ReplayNotes {
  /** SQL that notes a place, for the transaction that brings the target there; undefined when the server's GTIDs tell it. */
  readonly placeSql?: ((end: ReplayedTo) => string) | undefined
  /** Text is going to be executed that may be done in part only when it is stopped. */
  textBegins(): Promise<void>
  /** It was executed, up to there. `keepsState`: the rest of the log may need something that lives in the session. */
  textEnds(end: ReplayedTo, keepsState: boolean): Promise<void>
}

/** What a replayer sent. Not a proof: that is read from the target. */
export interface ReplayResult {
  /** What was handed to the target. */
  readonly sent: LogCounts
  /** GTIDs of the transactions sent that changed something for certain. */
  readonly changed: GtidSet
  /** The last transaction sent. */
  readonly last?: TransactionRef | undefined
  /** What it compared before, when it was asked to. */
  readonly compared?: RowsCompared | undefined
}

/** What of a target was compared with the log before it was changed. */
export interface RowsCompared {
  /** Rows that were as the log says. */
  readonly rows: number
  /** What was not compared. */
  readonly warnings: readonly string[]
}

/** The largest things a replayer can send. */
export interface SizeLimits {
  /** Text of a statement: one of the log, or the row events of one as the binlog programs print them. */
  readonly statementBytes: number
  /** A row event of a transaction that is row events alone; undefined when the programs print these, too. */
  readonly rowEventBytes?: number | undefined
  /** What to do about something larger. */
  readonly hint: string
}

/**
 * Applies the binlogs of a plan in one logical session of the target, in order, each transaction with its own GTID.
 * Rejects with `ReplayFailed` (or the reader's error) when anything is refused; nothing is skipped, nothing is forced.
 */
export interface Replayer {
  /** Shown in the report. */
  readonly name: string
  /** Whether it applies the log in order and notes on the way where another one can go on. */
  readonly resumes: boolean
  /** Whether it can compare rows with the log before it changes them. */
  readonly verifies: boolean
  /** What it cannot send: found in the log before the target's first write. */
  readonly limits: SizeLimits
  /** Throws what would make {@link Replayer.replay} fail from the start, such as `MissingProgram`. */
  check(target: Server): Promise<void>
  /** Applies the job and resolves when every producer ended cleanly and the target took the sentinel. */
  replay(job: ReplayJob): Promise<ReplayResult>
}
