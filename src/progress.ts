/** The phases that report progress, as `subject:verb`. */
export type ProgressKind =
  | 'backup:dump'
  | 'backup:accounts'
  | 'archive:fetch'
  | 'plan:read'
  | 'restore:check'
  | 'restore:verify'
  | 'restore:load'
  | 'restore:replay'
  | 'restore:prove'
  | 'restore:finish'

/** One report of progress. Byte counts are of content (before compression). */
export interface Progress {
  /** The phase. */
  readonly kind: ProgressKind
  /** Each phase reports `started` once, `running` now and then, `finished` once. */
  readonly status: 'started' | 'running' | 'finished'
  /** What is worked on now: a binlog file, a part of the backup. */
  readonly subject: string
  /** Bytes done. */
  readonly bytes: number
  /** Bytes in all, when known. */
  readonly totalBytes?: number | undefined
  /** Transactions done, in phases that count them. */
  readonly transactions?: number | undefined
  /** Transactions in all, when known. */
  readonly totalTransactions?: number | undefined
  /** 0 to 100, when a total is known. */
  readonly percent?: number | undefined
  /** Milliseconds since the phase started. */
  readonly elapsedMs: number
  /** Estimated milliseconds to the phase's end, when a total is known and some work is done. */
  readonly remainingMs?: number | undefined
}

/** Receives {@link Progress}. An exception in it is the caller's and ends the operation. */
export type ProgressListener = (progress: Progress) => void

/** How often a phase reports while it runs: often enough for a terminal, rare enough to cost nothing. */
const PROGRESS_INTERVAL_MS = 250

/** The totals of a phase, when they are known beforehand. */
export interface ProgressTotals {
  readonly totalBytes?: number | undefined
  readonly totalTransactions?: number | undefined
  /** What of it was done in an earlier run. @default 0 */
  readonly doneBytes?: number | undefined
  readonly doneTransactions?: number | undefined
}

/** Counts the work of one phase and reports it, throttled to one report in {@link PROGRESS_INTERVAL_MS}. */
export class ProgressMeter {
  readonly #kind: ProgressKind
  readonly #listener: ProgressListener | undefined
  readonly #totals: ProgressTotals
  readonly #startedAt = performance.now()
  #reportedAt = 0
  #subject: string
  #bytes = 0
  #transactions: number | undefined

  /** Reports `started` at once. */
  constructor(
    kind: ProgressKind,
    subject: string,
    listener: ProgressListener | undefined,
    totals: ProgressTotals = {},
  ) {
    this.#kind = kind
    this.#subject = subject
    this.#listener = listener
    this.#totals = totals
    this.#bytes = totals.doneBytes ?? 0
    this.#transactions = totals.doneTransactions
    this.#report('started')
  }

  /** Adds work done since the last call; `subject` changes what is worked on. */
  add(bytes: number, transactions?: number, subject?: string): void {
    this.#bytes += bytes
    if (transactions !== undefined) this.#transactions = (this.#transactions ?? 0) + transactions
    if (subject !== undefined) this.#subject = subject
    if (performance.now() - this.#reportedAt >= PROGRESS_INTERVAL_MS) this.#report('running')
  }

  /** Reports `finished`. */
  finish(): void {
    this.#report('finished')
  }

  #report(status: Progress['status']): void {
    this.#reportedAt = performance.now()
    if (this.#listener === undefined) return
    const { totalBytes, totalTransactions, doneBytes = 0, doneTransactions = 0 } = this.#totals
    const elapsedMs = Math.round(this.#reportedAt - this.#startedAt)
    const share = shareDone(this.#bytes, totalBytes) ?? shareDone(this.#transactions ?? 0, totalTransactions)
    // The rate is that of this run.
    const before = shareDone(doneBytes, totalBytes) ?? shareDone(doneTransactions, totalTransactions) ?? 0
    const gained = share === undefined ? 0 : share - (share === 1 ? 0 : before)
    this.#listener({
      kind: this.#kind,
      status,
      subject: this.#subject,
      bytes: this.#bytes,
      totalBytes,
      transactions: this.#transactions,
      totalTransactions,
      percent: share === undefined ? undefined : Math.round(share * 1000) / 10,
      elapsedMs,
      remainingMs: share === undefined || gained === 0 ? undefined : Math.round((elapsedMs * (1 - share)) / gained),
    })
  }
}

function shareDone(done: number, total: number | undefined): number | undefined {
  if (total === undefined) return undefined
  return total === 0 ? 1 : Math.min(1, done / total)
}
