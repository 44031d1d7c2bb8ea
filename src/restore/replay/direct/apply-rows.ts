import type { ReplayDialect, RowSettings } from '../../../server/flavor/replay-dialect.ts'
import type { Session } from '../../../server/session.ts'
import type { AppliedEvents } from './applied-events.ts'
import type { RowBatch, TransactionApart } from './row-batch.ts'

/** A transaction that the server refuses, and what it says. */
export interface RefusedTransaction extends Pick<TransactionApart, 'transaction'> {
  readonly error: unknown
}

/** Applies batches of rows in a session that keeps its settings between them. */
export class RowApplier {
  readonly #session: Session
  readonly #dialect: ReplayDialect
  #settings: RowSettings | undefined

  constructor(session: Session, dialect: ReplayDialect) {
    this.#session = session
    this.#dialect = dialect
  }

  /** Something else was run in the session. */
  forgetSettings(): void {
    this.#settings = undefined
  }

  /**
   * Applies one batch by its statements, asked for one by one: a transaction of its own, or a part of one. `last` is a
   * statement more in it, at its end.
   */
  async apply(
    { settings, begins, ends, gtid, originalCommit }: RowBatch,
    statements: Iterable<AppliedEvents> | AsyncIterable<AppliedEvents>,
    last?: string,
  ): Promise<void> {
    if (begins) {
      if (settings !== undefined && !isSame(settings, this.#settings)) {
        await this.#session.run(this.#dialect.rowSettings(settings))
        this.#settings = settings
      }
      // Not BEGIN: where a logged statement left a MariaDB session with sql_mode=ORACLE, that begins a block.
      await this.#session.run([...this.#dialect.nextGtid(gtid, originalCommit), 'START TRANSACTION'])
    }
    for await (const events of statements) await this.#session.applyEvents(events)
    if (last !== undefined) await this.#session.query(last)
    if (ends) await this.#session.query('COMMIT')
  }

  /**
   * Which transaction of a batch that was refused the server does not take: applies them one by one where the batch would
   * have been, and takes all of it back. Undefined when that cannot be told.
   */
  async findRefused({ gtid, apart }: RowBatch): Promise<RefusedTransaction | undefined> {
    const transactions = apart()
    if (transactions.length === 0) return undefined
    await this.#session.run(['ROLLBACK', ...this.#dialect.nextGtid(gtid), 'START TRANSACTION'])
    try {
      for (const { transaction, statement } of transactions) {
        try {
          if (statement !== undefined) await this.#session.applyEvents(statement)
        } catch (error) {
          return { transaction, error }
        }
      }
      return undefined
    } finally {
      await this.#session.query('ROLLBACK')
    }
  }
}

function isSame(a: RowSettings, b: RowSettings | undefined): boolean {
  return b !== undefined && a.sqlMode === b.sqlMode && a.timeZone === b.timeZone && a.timeNames === b.timeNames
}
