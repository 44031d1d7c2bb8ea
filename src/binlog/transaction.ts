import type { CommitTime } from '../coordinates/timestamp.ts'
import type { TableChange, TouchedTable, TransactionKind } from '../image/touched.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { Definition } from './statement-changes.ts'
import type { XaPart } from './xa-part.ts'

/** One transaction of a binlog file. Offsets are bytes in the file. */
export interface Transaction {
  /** Where its first event (the GTID event, where there is one) begins. */
  readonly start: number
  /** Where its last event ends. */
  readonly end: number
  /** Its GTID in canonical text; undefined when the server gave it none. */
  readonly gtid?: string | undefined
  /** When it committed, by the rule of its flavor. */
  readonly commitTime: CommitTime
  /** What it is made of. */
  readonly kind: TransactionKind
  /** The tables it touches, as far as they are known; see `tablesKnown`. */
  readonly changes: readonly TableChange[]
  /** Row events of each of `changes`; undefined when they are fewer than two. */
  readonly rowEventsOf?: readonly number[] | undefined
  /** False when a statement could not be understood well enough to name every table it touches. */
  readonly tablesKnown: boolean
  /** Those of `changes` that its definitions touch, where it does more than define (`CREATE TABLE ... SELECT`). */
  readonly defined?: readonly TouchedTable[] | undefined
  /** The table whose definition it gives to a new one (`CREATE TABLE ... LIKE`), without touching it. */
  readonly copies?: TouchedTable | undefined
  /** What there is to say of its definitions beside the tables they change; undefined for nothing. */
  readonly definitions?: readonly Definition[] | undefined
  /** The default databases its statements are executed in; undefined for none. */
  readonly executedIn?: readonly string[] | undefined
  /** Row events and the rows in them. */
  readonly rowEvents: number
  readonly rows: number
  /**
   * The text of its first statement other than BEGIN and COMMIT (or the annotated text of row events), at most 4 KiB. Left
   * out when it may hold a password.
   */
  readonly statement?: string | undefined
  /** Set when there is a statement that was left out, or may be one in what was not looked into. */
  readonly hidesStatement?: true | undefined
  /** What it is to an XA transaction whose changes and end are logged apart. */
  readonly xa?: XaPart | undefined
  /** Set when it is the begin or the end of an ALTER TABLE that MariaDB logs in two parts. */
  readonly isPartOfAlter?: true | undefined
  /**
   * Why its row events, applied and committed, would not be all of it: statements, XA, a table without transactions, a
   * rollback. Undefined when they are: such transactions can be applied in batches, without their text.
   */
  readonly rowsObstacle?: string | undefined
  /** Why no replayer could apply it faithfully; undefined when one can. */
  readonly obstacle?: string | undefined
}

/** Names a transaction of a file. */
export function refTo(
  { start, end, gtid, commitTime }: Transaction,
  { file, fileId }: { readonly file: string; readonly fileId: string },
): TransactionRef {
  return { fileId, start: { file, offset: start }, end: { file, offset: end }, gtid, commitTime }
}
