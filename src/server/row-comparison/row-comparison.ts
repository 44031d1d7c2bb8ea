import { bytesForFile } from '../../binlog/bytes-for-file.ts'
import { insertsInto } from '../../binlog/image-events.ts'
import { PitrError } from '../../errors.ts'
import type { LogFormat } from '../../image/segment.ts'
import { LONGEST_WAIT, USUAL_COMMITS } from '../flavor/replay-session.ts'
import { MARKER_DATABASE } from '../marker-database.ts'
import { quoteIdentifier } from '../quote.ts'
import type { Server } from '../server.ts'
import type { Session } from '../session.ts'
import { countSql, differenceOf, differenceSql } from './logged-rows.ts'
import type { LoggedRows, RowDifference } from './logged-rows.ts'
import { dropScratchTables, ScratchTables } from './scratch-tables.ts'
import { readTableFacts, tableKey } from './table-facts.ts'
import type { TableFacts, TableRef } from './table-facts.ts'

/**
 * Compares rows of a server with what a log says they are, to the last bit.
 *
 * Nothing is decoded here: the server itself takes the logged rows, by a BINLOG statement, into an empty table like theirs,
 * compares them there, and rolls them back. In a session of its own, which writes nothing to the binary log and sees what
 * others have not committed yet.
 */
export class RowComparison implements AsyncDisposable {
  readonly #session: Session
  readonly #afterReplay: readonly string[]
  readonly #scratch: ScratchTables
  readonly #facts = new Map<string, TableFacts | undefined>()
  #format: LogFormat | undefined

  private constructor(session: Session, afterReplay: readonly string[]) {
    this.#session = session
    this.#afterReplay = afterReplay
    this.#scratch = new ScratchTables(session)
  }

  /** Opens its session. */
  static async open(server: Server): Promise<RowComparison> {
    const session = await server.openSession()
    try {
      await session.run([
        ...server.dialect.unloggedSession,
        LONGEST_WAIT,
        USUAL_COMMITS,
        'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED',
        // What could be made once can be made again.
        'SET SESSION innodb_strict_mode = 0',
        // MariaDB skips comments of these versions. A generated key is in the row events, too.
        '/*!80013 SET SESSION sql_require_primary_key = 0 */',
        '/*!80030 SET SESSION sql_generate_invisible_primary_key = 0, show_gipk_in_create_table_and_information_schema = ON */',
        `CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(MARKER_DATABASE)}`,
      ])
      await dropScratchTables(session)
      return new RowComparison(session, server.dialect.sessionAfterReplay)
    } catch (error) {
      await session.close()
      throw error
    }
  }

  /** Says how the rows to come are written. */
  async beginFile(formatDescription: Uint8Array, format: LogFormat): Promise<void> {
    this.#format = format
    await this.#session.run(this.#afterReplay)
    await this.#session.applyEvents([formatDescription])
    await this.#session.run(this.#afterReplay)
  }

  /** What a table is; undefined when there is none. */
  async tableFacts(table: TableRef): Promise<TableFacts | undefined> {
    const id = tableKey(table)
    if (!this.#facts.has(id)) this.#facts.set(id, await readTableFacts(this.#session, table))
    return this.#facts.get(id)
  }

  /** Tables may have been changed. */
  forgetTables(): void {
    this.#facts.clear()
  }

  /** The first of these that holds a row that differs; undefined when they are all the same. */
  async findDifferent(all: readonly LoggedRows[]): Promise<LoggedRows | undefined> {
    for (const round of inRounds(all)) {
      const found = await this.#withRows(round, async (names) => {
        for (const [i, rows] of round.entries()) if (await this.#differs(rows, names[i]!)) return rows
        return undefined
      })
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Which row of these, of which one differs, is the first that does, and how. */
  async describeFirst(rows: LoggedRows): Promise<RowDifference> {
    let [from, to] = [0, rows.images.length]
    // By halves.
    while (to - from > 1) {
      const middle = (from + to) >> 1
      const isBefore = (await this.findDifferent([only(rows, from, middle)])) !== undefined
      if (isBefore) to = middle
      else from = middle
    }
    return { index: from, ...(await this.#describe(only(rows, from, to))) }
  }

  async #describe(row: LoggedRows): Promise<Omit<RowDifference, 'index'>> {
    const [found] = await this.#withRows([row], async ([name]) => this.#session.query(differenceSql(row, name!)))
    return differenceOf(found ?? {}, row)
  }

  async #differs(rows: LoggedRows, name: string): Promise<boolean> {
    const [counts] = await this.#session.query(countSql(rows, name))
    const found = Number(counts?.['found'])
    if (found !== rows.images.length) throw notTaken(rows, found)
    return Number(counts?.['different']) > 0
  }

  /** Does something while the rows are in tables of these names. */
  async #withRows<Result>(
    all: readonly LoggedRows[],
    work: (names: readonly string[]) => Promise<Result>,
  ): Promise<Result> {
    const names = await this.#scratch.namesFor(all.map(({ table }) => table))
    const events = all.flatMap((rows, i) =>
      insertsInto({ database: MARKER_DATABASE, table: names[i]!, tableId: i + 1 }, rows, rows.like),
    )
    const bytes = events.map((event) => bytesForFile(event, this.#format!))
    // A failure in between ends the session.
    await this.#session.query('START TRANSACTION')
    await this.#session.applyEvents(bytes)
    const result = await work(names)
    await this.#session.query('ROLLBACK')
    return result
  }

  /** Drops its tables, and ends its session. */
  async [Symbol.asyncDispose](): Promise<void> {
    // What cannot be dropped now goes with the mark of the restore.
    await Promise.allSettled([dropScratchTables(this.#session)])
    await this.#session.close()
  }
}

function only(rows: LoggedRows, from: number, to: number): LoggedRows {
  return { ...rows, images: rows.images.slice(from, to) }
}

/** Rows of one table in each: images that hold other columns have a turn of their own. */
function inRounds(all: readonly LoggedRows[]): readonly (readonly LoggedRows[])[] {
  const rounds: LoggedRows[][] = []
  for (const rows of all) {
    const free = rounds.find((round) => round.every(({ table }) => tableKey(table) !== tableKey(rows.table)))
    if (free === undefined) rounds.push([rows])
    else free.push(rows)
  }
  return rounds
}

function notTaken({ table, images }: LoggedRows, found: number): PitrError {
  const name = `${table.database}.${table.table}`
  return new PitrError('ProofFailed', {
    subject: name,
    message: `the server took ${images.length} logged rows of ${name} to compare them, and held ${found} of them then`,
    hint: 'Restore without verifyBefore, and report it with the details of this error.',
    details: { table: name, rows: images.length, found },
  })
}
