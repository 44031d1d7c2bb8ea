import type { Transaction } from '../../binlog/transaction.ts'

/** What was found at events of a file, in order, until somebody says what becomes of the transaction they belong to. */
export class OpenEntries<Entry extends { readonly offset: number }> {
  readonly #entries: Entry[] = []

  /** Adds what was found at the event at `offset`. */
  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  /** Takes out what was found in a transaction. */
  take({ start, end }: Pick<Transaction, 'start' | 'end'>): readonly Entry[] {
    const first = this.#entries.findIndex(({ offset }) => offset >= start)
    if (first < 0) return []
    let behind = first
    while ((this.#entries[behind]?.offset ?? end) < end) behind++
    return this.#entries.splice(first, behind - first)
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.length = 0
  }
}
