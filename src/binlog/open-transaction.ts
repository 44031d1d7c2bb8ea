import { Timestamp } from '../coordinates/timestamp.ts'
import type { CommitTime } from '../coordinates/timestamp.ts'
import { mayHoldSecret } from '../secrets.ts'
import type { TableChange, TouchedTable, TransactionKind } from '../image/touched.ts'
import type { RowAction } from './rows-event.ts'
import type { Definition } from './statement-changes.ts'
import type { Statement } from './statement.ts'
import type { Transaction } from './transaction.ts'
import type { XaPart } from './xa-part.ts'

/** How a transaction in the making ends. */
export type Ending =
  /** By the next statement, unless that is a BEGIN. */
  | 'statement'
  /** By a Xid, COMMIT, ROLLBACK or XA_prepare. */
  | 'commit'

/** What other kinds than `row` and `empty` hold beside row events. */
const NOT_ROWS: Readonly<Partial<Record<TransactionKind, string>>> = {
  ddl: 'a definition',
  statement: 'changes logged as statements',
  mixed: 'statements beside its row events',
  xa: 'a part of an XA transaction',
}

/** How many of the last tables are looked at before all of them are. */
const TABLES_COMPARED = 8

type MutableChange = { -readonly [Key in keyof TableChange]: TableChange[Key] }

/** A transaction whose last event was not seen yet. */
export class OpenTransaction {
  readonly start: number
  readonly gtid: string | undefined
  readonly #commitMicroseconds: number | undefined
  /** How it ends, as far as its events told. */
  ending: Ending
  /** Whether it is a part of an XA transaction. */
  isXa = false
  /** What it is to an XA transaction whose changes and end are logged apart. */
  xa: XaPart | undefined
  /** Whether it is the begin or the end of an ALTER TABLE that is logged in two parts. */
  isPartOfAlter = false
  /** Text of its first statement, or of the statement behind its row events. */
  statement: string | undefined
  /** Why it cannot be replayed. */
  obstacle: string | undefined
  /** Why its row events are not all of it, as far as that shows in one event. */
  rowsObstacle: string | undefined
  readonly #changes: MutableChange[] = []
  /** Row events of each of them. */
  readonly #rowEventsOf: number[] = []
  /** The places of the changes, made when they are many. */
  #byName: Map<string, number> | undefined
  #tablesKnown = true
  #copies: TouchedTable | undefined
  #isPassedOver = false
  #rowEvents = 0
  #rows = 0
  #definitions = 0
  readonly #defined = new Set<TouchedTable>()
  readonly #said: Definition[] = []
  #executedIn: Set<string> | undefined
  #otherStatements = 0

  constructor(start: number, ending: Ending, gtid?: string, commitMicroseconds?: number) {
    this.start = start
    this.ending = ending
    this.gtid = gtid
    this.#commitMicroseconds = commitMicroseconds
  }

  /** Adds the rows of one row event. */
  addRows(database: string, table: string, action: RowAction, rows: number): void {
    const at = this.#placeOf(database, table)
    const change = this.#changes[at]!
    // Not `change[action]`: a name that varies makes every access a look-up.
    if (action === 'inserted') change.inserted += rows
    else if (action === 'updated') change.updated += rows
    else change.deleted += rows
    this.#rowEventsOf[at]!++
    this.#rowEvents++
    this.#rows += rows
  }

  /** Adds a statement that was logged as text. */
  addStatement({ kind, changes, tablesKnown, copies, definition, executedIn }: Statement): void {
    const isDefinition = kind === 'ddl' || kind === 'account'
    if (isDefinition) this.#definitions++
    else this.#otherStatements++
    this.#tablesKnown &&= tablesKnown
    this.#copies ??= copies
    if (definition !== undefined) this.#said.push(definition)
    if (executedIn !== undefined) (this.#executedIn ??= new Set()).add(executedIn)
    for (const { database, table } of changes) {
      const change = this.#changes[this.#placeOf(database, table)]!
      if (isDefinition) this.#defined.add(change)
    }
  }

  /** Ends it with what was not looked into, and may be anything that has rows: only those are compressed. */
  passOver(obstacle: string): void {
    this.obstacle = obstacle
    this.#isPassedOver = true
    this.#tablesKnown = false
  }

  /** The transaction, complete; `second` is when its last event was made. */
  finish(end: number, second: number): Transaction {
    const hidesStatement = this.#isPassedOver || (this.statement !== undefined && mayHoldSecret(this.statement))
    const kind = this.#kind()
    return {
      start: this.start,
      end,
      gtid: this.gtid,
      commitTime: this.#commitTime(second),
      kind,
      changes: this.#changes,
      ...(this.#changes.length < 2 ? {} : { rowEventsOf: this.#rowEventsOf }),
      tablesKnown: this.#tablesKnown,
      ...(this.#defined.size === 0 || kind === 'ddl' ? {} : { defined: [...this.#defined] }),
      ...(this.#copies === undefined ? {} : { copies: this.#copies }),
      ...(this.#said.length === 0 ? {} : { definitions: this.#said }),
      ...(this.#executedIn === undefined ? {} : { executedIn: [...this.#executedIn] }),
      rowEvents: this.#rowEvents,
      rows: this.#rows,
      statement: hidesStatement ? undefined : this.statement,
      hidesStatement: hidesStatement ? true : undefined,
      xa: this.xa,
      ...(this.isPartOfAlter ? { isPartOfAlter: true } : {}),
      rowsObstacle: NOT_ROWS[kind] ?? this.obstacle ?? this.rowsObstacle,
      obstacle: this.obstacle,
    }
  }

  #commitTime(second: number): CommitTime {
    return this.#commitMicroseconds === undefined
      ? new Timestamp(second * 1_000_000, 'second')
      : new Timestamp(this.#commitMicroseconds, 'microsecond')
  }

  #kind(): TransactionKind {
    if (this.isXa) return 'xa'
    const statements = this.#definitions + this.#otherStatements
    if (this.#rowEvents > 0 || this.#isPassedOver) return statements > 0 ? 'mixed' : 'row'
    if (statements === 0) return 'empty'
    return this.#otherStatements > 0 ? 'statement' : 'ddl'
  }

  /** Few tables take part in a transaction, and the last one is the likeliest to come again; but some change thousands. */
  #placeOf(database: string, table: string | undefined): number {
    const first = Math.max(0, this.#changes.length - TABLES_COMPARED)
    for (let i = this.#changes.length - 1; i >= first; i--) {
      const change = this.#changes[i]!
      if (change.table === table && change.database === database) return i
    }
    const known = this.#byName?.get(nameOf({ database, table }))
    if (known !== undefined) return known
    const change = { database, table, inserted: 0, updated: 0, deleted: 0 }
    const place = this.#changes.push(change) - 1
    this.#rowEventsOf.push(0)
    if (this.#changes.length > TABLES_COMPARED) {
      this.#byName ??= new Map(this.#changes.map((each, i) => [nameOf(each), i]))
      this.#byName.set(nameOf(change), place)
    }
    return place
  }
}

function nameOf({ database, table }: Pick<TableChange, 'database' | 'table'>): string {
  return table === undefined ? database : `${database}\0${table}`
}
