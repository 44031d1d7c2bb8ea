import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { LogCounts } from '../image/segment.ts'

/** The phases of a restore, in their order. */
export type RestorePhase = 'check' | 'verify' | 'load' | 'replay' | 'prove' | 'finish'

/** Which image a restore began with. */
export interface RestoredImage {
  /** Its id. */
  readonly id: string
  /** Bytes of backup that were loaded. */
  readonly bytes: number
}

/** Which server was restored. */
export interface RestoredTarget {
  /** Host name and port as the server says. */
  readonly address: string
  /** Its version. */
  readonly version: string
}

/** What a restore did and proved. The counts are what was replayed behind the backup. */
export interface RestoreFacts extends LogCounts {
  /** Hash of the plan that was restored. */
  readonly planHash: string
  /** What it began with. */
  readonly image: RestoredImage
  /** Where it went. */
  readonly target: RestoredTarget
  /** What replayed the log: `mysqlbinlog`. */
  readonly replayer: string
  /** The last transaction the target holds; it may have been in the backup. Undefined when there is none. */
  readonly lastApplied?: TransactionRef | undefined
  /** The first one behind the stop; undefined when the archive holds none there. */
  readonly firstLeftOut?: TransactionRef | undefined
  /** The transactions that were left out on purpose, in log order. */
  readonly skipped: readonly TransactionRef[]
  /** The GTIDs the target counts as executed; undefined without GTIDs. */
  readonly executedGtids?: string | undefined
  /** Whether everybody can use the target now. When kept: `releaseTarget(server)` lifts it. */
  readonly isolation: 'lifted' | 'kept'
  /** True when an earlier run restored and proved the target, and this one only finished it. */
  readonly earlier: boolean
  /** Where this run went on, when an earlier one had loaded the backup and replayed what lies before; the counts hold both. */
  readonly resumedAt?: BinlogPosition | undefined
  /** How many rows this run compared with the log before it changed them; undefined when it was not to (`verifyBefore`). */
  readonly rowsCompared?: number | undefined
  /** What a person should know. */
  readonly warnings: readonly string[]
  /** Milliseconds each phase took. */
  readonly phases: Readonly<Partial<Record<RestorePhase, number>>>
}
