import { refTo } from '../../binlog/transaction.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { LogCounts } from '../../image/segment.ts'
import { ProgressMeter } from '../../progress.ts'
import { CountSum } from '../count-sum.ts'
import type { ReplayFile, ReplayJob } from './replayer.ts'

/** What a replay sent so far; tells the listener of its progress. */
export class Sent {
  readonly #sum = new CountSum()
  readonly #meter: ProgressMeter
  #last: TransactionRef | undefined

  constructor({ files, expected, onProgress }: ReplayJob) {
    this.#meter = new ProgressMeter('restore:replay', files[0]?.file ?? 'nothing', onProgress, {
      totalBytes: expected.bytes,
      totalTransactions: expected.transactions,
    })
  }

  /** Adds bytes of a file, and the transactions that end in them. */
  add(bytes: number, transactions: readonly Transaction[], file: ReplayFile): void {
    const counted = transactions.filter(({ start }) => !file.uncounted.has(start))
    for (const transaction of counted) this.#sum.add(transaction)
    const last = counted.at(-1)
    if (last !== undefined) this.#last = refTo(last, file)
    this.#meter.add(bytes, counted.length, file.file)
  }

  /** Everything was sent. */
  finish(): void {
    this.#meter.finish()
  }

  get counts(): LogCounts {
    return this.#sum.counts
  }

  get last(): TransactionRef | undefined {
    return this.#last
  }
}
