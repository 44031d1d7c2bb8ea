import { EventType } from '../../binlog/event-type.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import { RowsOfTables } from '../../binlog/rows-of-tables.ts'
import { readTransactionPayload } from '../../binlog/transaction-payload.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { UpdatesApart } from '../../binlog/updates-apart.ts'
import { withUniqueChecks } from '../../binlog/with-unique-checks.ts'
import { PitrError } from '../../errors.ts'
import type { RestoredTables } from '../../image/restored-tables.ts'
import type { LogFormat } from '../../image/segment.ts'
import { rowsRestored } from '../scope.ts'

/** The events of a file as they are replayed: without rows of tables that are not restored, and as servers apply them right. */
export class ReplayedLog {
  readonly #format: LogFormat
  readonly #restored: RestoredTables
  /** Undefined when all tables are restored. */
  readonly #rows: RowsOfTables | undefined
  readonly #apart: UpdatesApart

  constructor(format: LogFormat, restored: RestoredTables) {
    this.#format = format
    this.#restored = restored
    this.#rows = restored.isAll ? undefined : new RowsOfTables((table) => restored.has(table))
    this.#apart = new UpdatesApart(format)
  }

  /** A transaction as it is replayed. */
  transaction(logged: Transaction): Transaction {
    return rowsRestored(logged, this.#restored)
  }

  /** Takes the file's next event and appends to `to` what stands in its place, and in that of events before it. */
  add(event: BinlogEvent, to: BinlogEvent[]): void {
    if (this.#rows === undefined) return this.#apart.add(withUniqueChecks(event, this.#format), to)
    const left: BinlogEvent[] = []
    this.#rows.add(event, left)
    for (const each of left) this.#apart.add(withUniqueChecks(each, this.#format), to)
  }

  /**
   * The events that stand in the place of a compressed transaction, one by one, when it cannot stay as it is; undefined when
   * it can, and for other events.
   */
  unpacked(event: BinlogEvent, ends: Transaction | undefined): Iterable<BinlogEvent> | undefined {
    if (event.type !== EventType.TransactionPayload) return undefined
    if (this.#rows === undefined || ends === undefined || this.transaction(ends) === ends)
      return this.#apart.unpackIfCut(event)
    return this.#apart.unpack(event, this.#rows.of(readTransactionPayload(event)))
  }

  /** A transaction ends: throws `ProofFailed` when what was left of its row events is not what is restored of it. */
  end(logged: Transaction): void {
    const found = this.#rows?.takeRowEvents()
    const { rowEvents, start, gtid } = this.transaction(logged)
    if (found === undefined || rowEvents === logged.rowEvents || found === rowEvents) return
    throw new PitrError('ProofFailed', {
      subject: gtid ?? `offset ${start}`,
      message: `of the transaction ${gtid ?? `at ${start}`} ${found} row events would be replayed, where ${rowEvents} are about tables that are restored`,
      hint: 'Do not use this target. Report this with the details of this error.',
      details: { gtid, start, found, expected: rowEvents },
    })
  }

  /** The bytes of the events taken so far go away. */
  detach(): void {
    this.#rows?.detach()
  }
}
