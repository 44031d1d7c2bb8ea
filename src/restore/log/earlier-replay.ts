import { GtidAccumulator } from '../../binlog/gtid-accumulator.ts'
import { refTo } from '../../binlog/transaction.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { LogCounts } from '../../image/segment.ts'
import { CountSum } from '../count-sum.ts'
import type { ReplayedTo } from '../target/replay-progress.ts'
import type { PlannedFile } from './planned-file.ts'

/** The beginning of a planned log, which an earlier run replayed; it may be empty. */
export interface ReplayedPart {
  /** What it holds. */
  readonly counts: LogCounts
  /** Bytes of its transactions. */
  readonly bytes: number
  /** Where it ends. */
  readonly at: BinlogPosition
  /** Its last transaction. */
  readonly last?: TransactionRef | undefined
  /** The GTIDs that the target counts when those of joined transactions are added. */
  readonly gtids: GtidSet
}

/** What an earlier run left to do. */
export interface LeftOver {
  readonly done: ReplayedPart
  readonly files: readonly PlannedFile[]
}

/** What a target says of an earlier replay. */
export interface EarlierState {
  /** The GTIDs it counts as executed. */
  readonly executed: GtidSet
  /** Those of them that it had before the replay. */
  readonly before: GtidSet
  /** Where the plan's log begins. */
  readonly start: BinlogPosition
  /** Whether it counts those of the replay too; where it does not, the place it noted. */
  readonly counts: boolean
  readonly place?: ReplayedTo | undefined
  /** Whether the server was restarted since. */
  readonly restarted: boolean
  /** Whether transactions can have been joined, so that only the last of some is counted. */
  readonly joins: boolean
}

/**
 * Finds, while a planned log is read, how much of it an earlier run replayed. That run replayed it in order, so it is all
 * up to the last transaction that was executed; whatever contradicts that means that it cannot be told.
 */
export class EarlierReplay {
  readonly #state: EarlierState
  readonly #sum = new CountSum()
  #bytes = 0
  /** GTIDs of the part, and of what came behind it until now. */
  #gtids: GtidAccumulator
  #behind: GtidAccumulator
  #hasBehind = false
  /** Whether what is behind the part holds something that is never joined. */
  #behindIsWhole = false
  /** On a server that counts the last GTID of each domain: those of everything until now. */
  #seen: GtidSet
  #part: Omit<ReplayedPart, 'gtids'> | undefined
  #end: ReplayedTo | undefined
  #contradicted = false

  constructor(state: EarlierState) {
    this.#state = state
    this.#seen = state.before
    this.#gtids = new GtidAccumulator(state.executed.flavor, state.before.toString())
    this.#behind = new GtidAccumulator(state.executed.flavor)
  }

  /** Takes the next transaction that the plan replays. */
  add(transaction: Transaction, file: Pick<PlannedFile, 'file' | 'fileId'>): void {
    this.#sum.add(transaction)
    this.#bytes += transaction.end - transaction.start
    const { gtid } = transaction
    const isExecuted = this.#isExecuted(transaction, file.fileId)
    if (!isExecuted) {
      if (gtid !== undefined) this.#behind.add(gtid)
      this.#behindIsWhole ||= transaction.rowsObstacle !== undefined
      this.#hasBehind = true
      return
    }
    // Only rows are joined: anything else has its own GTID when it was executed.
    if (this.#state.counts && this.#behindIsWhole) this.#contradicted = true
    if (this.#hasBehind) this.#takeBehind()
    if (gtid !== undefined) this.#gtids.add(gtid)
    const last = refTo(transaction, file)
    this.#end = { fileId: file.fileId, end: transaction.end }
    this.#part = { counts: this.#sum.counts, bytes: this.#bytes, at: last.end, last }
  }

  #isExecuted({ gtid, end }: Transaction, fileId: string): boolean {
    const { counts, place, executed, joins } = this.#state
    if (!counts) return place?.fileId === fileId && place.end === end
    if (gtid === undefined) {
      this.#contradicted = true
      return false
    }
    if (!joins) {
      // A position stands for all before it: one that goes back does not tell whether it was executed.
      if (this.#seen.includes(gtid)) this.#contradicted = true
      this.#seen = this.#seen.with(gtid)
    }
    return executed.includes(gtid)
  }

  #takeBehind(): void {
    this.#gtids = new GtidAccumulator(this.#state.executed.flavor, this.#gtids.set.union(this.#behind.set).toString())
    this.#behind = new GtidAccumulator(this.#state.executed.flavor)
    this.#hasBehind = false
    this.#behindIsWhole = false
  }

  /**
   * What is left of the planned files, when each of their transactions was added; undefined when that cannot be told, or
   * when the target has executed something else.
   */
  leftOf(files: readonly PlannedFile[]): LeftOver | undefined {
    const { executed, before, start, counts, restarted, place, joins } = this.#state
    if (this.#contradicted || !executed.contains(before)) return undefined
    if (this.#part === undefined) {
      // A server that was restarted with another log knows nothing of what was in the old one.
      const isUntouched = place === undefined && executed.equals(before) && !restarted
      // What was prepared before the image is replayed first, and not counted.
      if (!isUntouched || files.some(({ prepared }) => prepared.length > 0)) return undefined
      return { done: { counts: new CountSum().counts, bytes: 0, at: start, gtids: before }, files }
    }
    const gtids = counts ? this.#gtids.set : before
    const isExact = counts && joins ? gtids.contains(executed) : gtids.equals(executed)
    return isExact ? { done: { ...this.#part, gtids }, files: filesBehind(files, this.#end!) } : undefined
  }
}

function filesBehind(files: readonly PlannedFile[], { fileId, end }: ReplayedTo): readonly PlannedFile[] {
  const [first, ...others] = files.slice(files.findIndex((file) => file.fileId === fileId))
  const wanted = first!.wanted.filter(({ to }) => to > end).map(({ from, to }) => ({ from: Math.max(from, end), to }))
  return wanted.length === 0 ? others : [{ ...first!, prepared: [], wanted }, ...others]
}
