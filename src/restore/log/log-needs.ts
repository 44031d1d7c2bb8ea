import type { BinlogEvent } from '../../binlog/event.ts'
import { needsOf } from '../../binlog/statement-needs.ts'
import type { Need } from '../../binlog/statement-needs.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { Flavor } from '../../coordinates/flavor.ts'
import type { NeedOf } from '../target/check-needs.ts'
import { OpenEntries } from './open-entries.ts'

/** Collects what the statements that are replayed need of a target, each need once, with the first place that has it. */
export class LogNeeds {
  readonly #flavor: Flavor
  readonly #found = new Map<string, NeedOf>()
  readonly #open = new OpenEntries<Need & { readonly offset: number }>()

  constructor(flavor: Flavor) {
    this.#flavor = flavor
  }

  /** Takes the next event. */
  add(event: BinlogEvent): void {
    for (const need of needsOf(event, this.#flavor)) this.#open.add({ ...need, offset: event.offset })
  }

  /** The transaction, whose events were taken, is replayed. */
  addReplayed(transaction: Transaction, file: string): void {
    for (const { kind, name, offset } of this.#open.take(transaction)) {
      const key = `${kind} ${name}`
      if (this.#found.has(key)) continue
      this.#found.set(key, { kind, name, by: `the statement at ${formatBinlogPosition({ file, offset })}` })
    }
  }

  /** The transaction is not replayed. */
  leaveOut(transaction: Transaction): void {
    this.#open.take(transaction)
  }

  /** A file is over. */
  endFile(): void {
    this.#open.clear()
  }

  /** What was found. */
  get needs(): readonly NeedOf[] {
    return [...this.#found.values()]
  }
}
