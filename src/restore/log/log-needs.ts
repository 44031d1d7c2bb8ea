import type { BinlogEvent } from '../../binlog/event.ts'
import { needsOf } from '../../binlog/statement-needs.ts'
import type { Need } from '../../binlog/statement-needs.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { Flavor } from '../../coordinates/flavor.ts'
import type { NeedOf } from '../target/check-needs.ts'

/** Collects what the statements that are replayed need of a target, each need once, with the first place that has it. */
export class LogNeeds {
  readonly #flavor: Flavor
  readonly #found = new Map<string, NeedOf>()
  /** Of the transactions whose end was not seen yet, all in one file. */
  #open: (Need & { readonly offset: number })[] = []

  constructor(flavor: Flavor) {
    this.#flavor = flavor
  }

  /** Takes the next event. */
  addEvent(event: BinlogEvent): void {
    for (const need of needsOf(event, this.#flavor)) this.#open.push({ ...need, offset: event.offset })
  }

  /** The events taken up to here are those of a transaction that is replayed. */
  addReplayed(transaction: Transaction, file: string): void {
    const { start, end } = transaction
    for (const { kind, name, offset } of this.#open) {
      const key = `${kind} ${name}`
      if (offset < start || offset >= end || this.#found.has(key)) continue
      this.#found.set(key, { kind, name, by: `the statement at ${formatBinlogPosition({ file, offset })}` })
    }
    this.leaveOut(transaction)
  }

  /** Forgets the events of a transaction, and what lies before it. */
  leaveOut({ end }: Transaction): void {
    this.#open = this.#open.filter(({ offset }) => offset >= end)
  }

  /** A file is over. */
  endFile(): void {
    this.#open = []
  }

  /** What was found. */
  get needs(): readonly NeedOf[] {
    return [...this.#found.values()]
  }
}
