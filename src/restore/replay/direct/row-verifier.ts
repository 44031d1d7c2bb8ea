import type { BinlogEvent } from '../../../binlog/event.ts'
import { refTo } from '../../../binlog/transaction.ts'
import { TableMaps } from '../../../binlog/table-maps.ts'
import type { TransactionRef } from '../../../coordinates/transaction-ref.ts'
import type { Server } from '../../../server/server.ts'
import { RowComparison } from '../../../server/row-comparison/row-comparison.ts'
import { MAGIC_BYTES } from '../printed-runs.ts'
import { columnsDiffer, refusedByServer, rowDiffers } from '../replay-failed.ts'
import type { EventRef, ReplayPlace } from '../replay-failed.ts'
import type { ReplayFile, RowsCompared } from '../replayer.ts'
import { appliedEvents } from './applied-events.ts'
import type { AppliedEvents } from './applied-events.ts'
import type { ComparedRows, NotCompared } from './batch-part.ts'
import { cutBatch } from './batch-parts.ts'
import { joinStatements } from './join-statements.ts'
import type { RowBatch } from './row-batch.ts'

/** So many columns or tables that are not compared are named. */
const MAX_NAMED = 20

/** Compares the rows of a target with the log before they are changed. */
export class RowVerifier implements AsyncDisposable {
  readonly #comparison: RowComparison
  readonly #tables = new TableMaps()
  readonly #notCompared = new Map<string, string>()
  #rows = 0
  #rowsAsText = 0

  private constructor(comparison: RowComparison) {
    this.#comparison = comparison
  }

  /** Opens a session of its own on the target. */
  static async open(target: Server): Promise<RowVerifier> {
    return new RowVerifier(await RowComparison.open(target))
  }

  /** The batches to come are of this file. */
  async beginFile({ head, format }: ReplayFile): Promise<void> {
    await this.#comparison.beginFile(head.subarray(MAGIC_BYTES), format)
  }

  /** Statements were executed, with so many rows that were not compared: they may have changed tables. */
  passOver(rows: number): void {
    this.#rowsAsText += rows
    this.#comparison.forgetTables()
  }

  /**
   * The statements that apply a batch, one after the other: each comes when the rows it changes are on the target as the
   * log says. Throws `ReplayFailed` when one is not.
   */
  async *statements(
    batch: RowBatch,
    file: ReplayFile,
    last: TransactionRef | undefined,
  ): AsyncGenerator<AppliedEvents, void, undefined> {
    const place = (event: BinlogEvent): EventPlace => placeOf(event, batch, { file, last })
    this.#tables.begin()
    const parts = await cutBatch(batch.events, {
      tables: this.#tables,
      factsOf: (table) => this.#comparison.tableFacts(table),
      requireFits: (facts, columns, event) => {
        if (facts.loggedColumns !== columns) throw columnsDiffer(facts, columns, place(event))
      },
      onNotCompared: (each) => this.#note(each),
    })
    for (const { events, groups } of parts) {
      await this.#compare(groups, place)
      if (parts.length > 1) yield appliedEvents(joinStatements(events), file.format)
      else if (batch.statement !== undefined) yield batch.statement
    }
  }

  async #compare(groups: readonly ComparedRows[], place: (event: BinlogEvent) => EventPlace): Promise<void> {
    const [first] = groups
    if (first === undefined) return
    try {
      const found = await this.#comparison.findDifferent(groups.map(({ rows }) => rows))
      for (const { rows } of groups) this.#rows += rows.images.length
      if (found === undefined) return
      const { rows, events } = groups.find((group) => group.rows === found)!
      const difference = await this.#comparison.describeFirst(rows)
      throw rowDiffers(rows.table, difference, place(events[difference.index]!))
    } catch (error) {
      throw refusedByServer('logged rows to compare them', error, place(first.events[0]!))
    }
  }

  #note({ what, why }: NotCompared): void {
    this.#notCompared.set(what, why)
  }

  /** What was compared, and what was not. */
  get compared(): RowsCompared {
    const all = [...this.#notCompared].map(([what, why]) => `${what} (${why})`)
    const [named, more] = [all.slice(0, MAX_NAMED), all.length - MAX_NAMED]
    const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
    return {
      rows: this.#rows,
      warnings: [
        ...(all.length === 0 ? [] : [`not compared before it was changed: ${list}`]),
        ...(this.#rowsAsText === 0
          ? []
          : [`${this.#rowsAsText} rows of transactions that were replayed as text were not compared before`]),
      ],
    }
  }

  /** Leaves nothing on the target. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#comparison[Symbol.asyncDispose]()
  }
}

interface EventPlace extends ReplayPlace {
  readonly event: EventRef
}

function placeOf(
  { offset }: BinlogEvent,
  { transactions, gtid }: RowBatch,
  { file, last }: { readonly file: ReplayFile; readonly last: TransactionRef | undefined },
): EventPlace {
  const within = transactions.find(({ start, end }) => start <= offset && offset < end)
  return {
    file: file.file,
    last,
    failed: within === undefined ? [] : [refTo(within, file)],
    // A transaction in pieces has no end yet.
    event: { position: { file: file.file, offset }, gtid: within === undefined ? gtid : within.gtid },
  }
}
