import { GtidAccumulator } from '../../binlog/gtid-accumulator.ts'
import { refTo } from '../../binlog/transaction.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { LogCounts } from '../../image/segment.ts'
import { ProgressMeter } from '../../progress.ts'
import { CountSum } from '../count-sum.ts'
import type { EventPlace } from './printed-lines.ts'
import type { ReplayFile, ReplayJob } from './replayer.ts'

/** Transactions that were sent and may not be executed yet are kept to be named: pipes and programs hold fewer. */
const KEPT_TRANSACTIONS = 10_000

/** What a replay sent so far; tells the listener of its progress. */
export class Sent {
  readonly #sum = new CountSum()
  readonly #changed: GtidAccumulator
  readonly #meter: ProgressMeter
  #last: TransactionRef | undefined
  #latest: TransactionRef[] = []

  constructor({ target, files, expected, done, onProgress }: ReplayJob) {
    this.#changed = new GtidAccumulator(target.flavor, done?.gtids.toString())
    if (done !== undefined) this.#sum.addAll(done.counts)
    this.#last = done?.last
    this.#meter = new ProgressMeter('restore:replay', files[0]?.file ?? 'nothing', onProgress, {
      totalBytes: expected.bytes,
      totalTransactions: expected.transactions,
      doneBytes: done?.bytes,
      doneTransactions: done?.counts.transactions,
    })
  }

  /** Adds bytes of a file, and the transactions that end in them. */
  add(bytes: number, transactions: readonly Transaction[], file: ReplayFile): void {
    const counted = transactions.filter(({ start }) => !file.uncounted.has(start))
    for (const transaction of counted) {
      this.#sum.add(transaction)
      const { gtid, kind, rows } = transaction
      if (gtid !== undefined && (rows > 0 || kind === 'ddl' || kind === 'xa')) this.#changed.add(gtid)
    }
    const last = counted.at(-1)
    if (last !== undefined) this.#last = refTo(last, file)
    this.#latest.push(...transactions.map((transaction) => refTo(transaction, file)))
    if (this.#latest.length > 2 * KEPT_TRANSACTIONS) this.#latest = this.#latest.slice(-KEPT_TRANSACTIONS)
    this.#meter.add(bytes, counted.length, file.file)
  }

  /** The transaction that an event belongs to, when it was sent whole and not long ago. */
  transactionOf({ file, eventEnd }: EventPlace): TransactionRef | undefined {
    return this.#latest.findLast(
      ({ start, end }) => start.file === file && start.offset < eventEnd && eventEnd <= end.offset,
    )
  }

  /** Everything was sent. */
  finish(): void {
    this.#meter.finish()
  }

  get counts(): LogCounts {
    return this.#sum.counts
  }

  /** GTIDs of the transactions that changed something for certain; a statement may find no row to change. */
  get changed(): GtidSet {
    return this.#changed.set
  }

  get last(): TransactionRef | undefined {
    return this.#last
  }
}
