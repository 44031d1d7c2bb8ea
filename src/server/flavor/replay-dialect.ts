import type { GtidSet } from '../../coordinates/gtid-set.ts'

/** What a session was set to when it changed rows, as far as the log tells. */
export interface RowSettings {
  /** Bits of sql_mode. */
  readonly sqlMode: number
  /** The time zone; undefined when it did not matter. */
  readonly timeZone?: string | undefined
  /** Number of lc_time_names. */
  readonly timeNames: number
}

/** What differs between the flavors' binlog programs, and between the clients that execute what they print. */
export interface ReplayDialect {
  /** Arguments of the binlog program; it reads one binlog file from standard input. */
  readonly binlogArguments: readonly string[]
  /** Arguments of the client, behind the option file: the strictest it knows. The log is untrusted input. */
  readonly clientArguments: readonly string[]
  /** Lines either program writes to standard error that say nothing about what it did. */
  readonly harmlessComplaints: readonly RegExp[]
  /** SQL before the first transaction. What the log itself sets for a statement comes later and wins. */
  readonly beforeReplay: readonly string[]
  /** SQL before rows that were not printed as text, also behind text: for settings that rows depend on and the log does not tell. */
  readonly beforeRows: readonly string[]
  /**
   * SQL behind which the session's next transaction has this GTID; without one, none. And is logged as committed first at this
   * time (microseconds since the epoch), where that is known and the flavor logs it.
   */
  readonly nextGtid: (gtid: string | undefined, originalCommit?: number) => readonly string[]
  /** Whether two transactions may be applied as one, which has the GTID of the later one. */
  readonly canJoin: (earlier: string | undefined, later: string | undefined) => boolean
  /** Whether the GTIDs of transactions that were joined have to be added to those the server counts as executed. */
  readonly fillsIn: boolean
  /** SQL for the settings of the session that row events depend on: generated columns are computed anew. */
  readonly rowSettings: (settings: RowSettings) => readonly string[]
  /** Whether the server counts replayed GTIDs as executed also when it writes no binary log. */
  readonly countsWithoutLog: boolean
  /** Whether it counts a statement that changed nothing, too. */
  readonly countsWithoutChange: boolean
  /** Whether a definition and its GTID are committed together, or not at all, as far as its tables have transactions. */
  readonly ddlIsAtomic: boolean
  /** Whether an XA PREPARE in a session that replays sets its `pseudo_thread_id` to 0. */
  readonly xaPrepareForgetsThread: boolean
  /** Whether the server passes over a transaction whose GTID it counts as executed. */
  readonly skipsExecuted: boolean
  /**
   * GTIDs that a target has executed by itself and that stand in the way of a history; undefined when there are none.
   * `image` is what the backup holds of the history, `history` all of it.
   */
  readonly gtidConflict: (own: GtidSet, image: GtidSet, history: GtidSet) => string | undefined
}
