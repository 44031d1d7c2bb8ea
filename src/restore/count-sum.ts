import type { LogCounts } from '../image/segment.ts'

/** The first count that differs; undefined when none does. */
export function differingCount(found: LogCounts, planned: LogCounts): keyof LogCounts | undefined {
  return (['transactions', 'rowEvents', 'rows'] as const).find((name) => found[name] !== planned[name])
}

/** Adds up what transactions hold. */
export class CountSum {
  #transactions = 0
  #rowEvents = 0
  #rows = 0

  /** Adds one transaction. */
  add({ rowEvents, rows }: Pick<LogCounts, 'rowEvents' | 'rows'>): void {
    this.addAll({ transactions: 1, rowEvents, rows })
  }

  /** Adds the counts of several. */
  addAll({ transactions, rowEvents, rows }: LogCounts): void {
    this.#transactions += transactions
    this.#rowEvents += rowEvents
    this.#rows += rows
  }

  /** The sums so far. */
  get counts(): LogCounts {
    return { transactions: this.#transactions, rowEvents: this.#rowEvents, rows: this.#rows }
  }
}
