import type { LogFormat } from '../image/segment.ts'
import { EventType, eventTypeName } from './event-type.ts'
import { EventFlag } from './event.ts'
import type { BinlogEvent } from './event.ts'
import { flavorOf } from './format-description.ts'
import { corruptBinlog, truncatedBinlog, unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'
import { LoggedStatements } from './logged-statements.ts'
import { readMariadbGtid } from './mariadb-gtid.ts'
import { readMysqlGtid } from './mysql-gtid.ts'
import type { MysqlGtid } from './mysql-gtid.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { Ending } from './open-transaction.ts'
import { queryIs, secondMade } from './query-event.ts'
import { ROWS_LAYOUTS } from './rows-event.ts'
import type { RowsLayout } from './rows-event.ts'
import { TableMaps } from './table-maps.ts'
import { readTaggedGtid } from './tagged-gtid.ts'
import { payloadObstacle, readTransactionPayload } from './transaction-payload.ts'
import type { Transaction } from './transaction.ts'
import { readXaPrepare } from './xa-part.ts'
import type { LoggedStatement } from './logged-statements.ts'

/** What a {@link TransactionReader} begins with. */
export interface TransactionReaderOptions {
  /** Name of the binlog file, for errors. */
  readonly file: string
  /** The file's format; not needed when the events begin with the format description. */
  readonly format?: LogFormat | undefined
  /** Told of each event before it is taken, and of those inside of a compressed transaction behind the one they lie in. */
  readonly onEvent?: ((event: BinlogEvent) => void) | undefined
}

const BEGIN = Buffer.from('BEGIN')
const COMMIT = Buffer.from('COMMIT')
// A Xid is the number under which storage engines commit: without one that can roll back, there is a COMMIT instead.
const WITHOUT_XID = 'a table that is not transactional'
const ROLLED_BACK = 'a rollback'
const LOAD_DATA = 'LOAD DATA logged as a statement'
/** MariaDB commits it apart, also inside of a transaction: with the GTID of a batch that would be another transaction. */
const OF_A_SEQUENCE = 'a table with the columns of a sequence'
/** MariaDB logs a REPLACE of a row as an update, and the columns that it did not name are not in it: they keep their values then. */
const PARTIAL_UPDATE =
  'an update logged without all columns of the new row (binlog_row_image is not FULL): a REPLACE cannot be told from it, which sets the others to their defaults'

/**
 * Groups the events of a binlog file into transactions. Works synchronously, event by event, and keeps nothing of a
 * transaction but counts.
 *
 * Throws `CorruptBinlog` when events follow each other as no server writes them, `TruncatedBinlog` when a transaction
 * has no end, `UnsupportedEvent` for what it does not know: never a guess. The reader is then of no further use.
 */
export class TransactionReader {
  readonly #file: string
  readonly #statements: LoggedStatements
  readonly #tables = new TableMaps()
  readonly #onEvent: TransactionReaderOptions['onEvent']
  #open: OpenTransaction | undefined
  #boundary = 0

  constructor(options: TransactionReaderOptions) {
    this.#file = options.file
    this.#onEvent = options.onEvent
    this.#statements = new LoggedStatements(
      options.format === undefined ? undefined : flavorOf(options.format.serverVersion),
    )
  }

  /** Offset behind the last complete transaction, or event outside of transactions: a safe place to cut the file. */
  get boundary(): number {
    return this.#boundary
  }

  /** Whether no transaction is open. */
  get atBoundary(): boolean {
    return this.#open === undefined
  }

  /** Takes the file's next event; returns the transaction that it ends. */
  push(event: BinlogEvent): Transaction | undefined {
    const transaction = this.#take(event)
    if (this.#open === undefined) this.#boundary = event.end
    return transaction
  }

  /** The file (or the range) ends here: throws `TruncatedBinlog` when a transaction is open. */
  end(): void {
    if (this.#open !== undefined) {
      throw this.#openTransaction({ file: this.#file, offset: this.#open.start }, 'the log ends')
    }
  }

  #take(event: BinlogEvent): Transaction | undefined {
    this.#onEvent?.(event)
    const { type } = event
    const layout = ROWS_LAYOUTS[type]
    if (layout !== undefined) return this.#takeRows(event, layout)
    switch (type) {
      case EventType.TableMap:
        this.#requireOpen(event)
        this.#tables.add(event)
        return undefined
      case EventType.Query:
      case EventType.QueryCompressed:
        return this.#takeQuery(event)
      case EventType.Xid:
      case EventType.XaPrepare:
        return this.#takeCommit(event)
      case EventType.Gtid:
      case EventType.AnonymousGtid:
        return this.#beginMysql(event, readMysqlGtid(event, type === EventType.AnonymousGtid))
      case EventType.GtidTagged:
        return this.#beginMysql(event, readTaggedGtid(event))
      case EventType.MariadbGtid:
        return this.#beginMariadb(event)
      case EventType.TransactionPayload:
        return this.#takePayload(event)
      case EventType.RowsQuery:
      case EventType.AnnotateRows:
        this.#openOr(event, 'commit').statement ??= this.#statements.annotation(event)
        return undefined
      case EventType.Intvar:
      case EventType.Rand:
      case EventType.UserVar:
        // Values for the statement that follows.
        this.#openOr(event, 'statement')
        return undefined
      case EventType.BeginLoadQuery:
      case EventType.AppendBlock:
      case EventType.DeleteFile:
        this.#openOr(event, 'statement').obstacle ??= LOAD_DATA
        return undefined
      case EventType.ExecuteLoadQuery:
        return this.#takeLoad(event)
      case EventType.Incident:
        return this.#takeIncident(event)
      default:
        return this.#takeOther(event)
    }
  }

  #beginMysql(event: BinlogEvent, { gtid, commitMicroseconds }: MysqlGtid): undefined {
    // 55 bits reach beyond the year 2255, where a Timestamp ends; no server has written such a commit.
    if (commitMicroseconds !== undefined && commitMicroseconds > Number.MAX_SAFE_INTEGER) {
      throw corruptBinlog(event, `a commit ${commitMicroseconds} microseconds after 1970`)
    }
    this.#begin(event, new OpenTransaction(event.offset, 'statement', gtid, commitMicroseconds))
  }

  #beginMariadb(event: BinlogEvent): undefined {
    const { gtid, isStandalone, isXa } = readMariadbGtid(event)
    this.#begin(event, new OpenTransaction(event.offset, isStandalone ? 'statement' : 'commit', gtid)).isXa = isXa
  }

  #begin(event: BinlogEvent, transaction: OpenTransaction): OpenTransaction {
    if (this.#open !== undefined) throw this.#openTransaction(event, 'another one begins', corruptBinlog)
    this.#tables.begin()
    this.#open = transaction
    return transaction
  }

  #takeRows(event: BinlogEvent, layout: RowsLayout): undefined {
    const open = this.#requireOpen(event)
    const { map, rows } = this.#tables.get(event)
    const count = rows.count(layout, event.buffer, event.bodyStart, event.bodyEnd, event)
    open.addRows(map.database, map.table, layout.action, count)
    if (layout.action === 'updated' && this.#statements.flavor === 'mariadb' && rows.lastUpdateIsPartial) {
      open.obstacle ??= PARTIAL_UPDATE
    }
    if (map.isLikeSequence && this.#statements.flavor === 'mariadb') open.rowsObstacle ??= OF_A_SEQUENCE
  }

  #takeQuery(event: BinlogEvent): Transaction | undefined {
    if (queryIs(event, BEGIN)) return this.#takeBegin(event)
    if (queryIs(event, COMMIT)) return this.#takeCommit(event, WITHOUT_XID)
    const logged = this.#statements.read(event)
    const { kind, statement, text, isPartOfAlter } = logged
    switch (kind) {
      case 'begin':
        return this.#takeBegin(event)
      case 'commit':
        return this.#takeCommit(event, WITHOUT_XID)
      case 'rollback':
        return this.#takeCommit(event, ROLLED_BACK)
      case 'savepoint':
        // To go back to one is only logged when something of what it undoes cannot be undone.
        if (/^ROLLBACK/i.test(text)) this.#requireOpen(event).rowsObstacle = ROLLED_BACK
        else this.#requireOpen(event)
        return undefined
      case 'xa':
        return this.#takeXa(event, logged)
      default: {
        const open = this.#openOr(event, 'statement')
        open.statement ??= text
        open.isPartOfAlter ||= isPartOfAlter
        open.addStatement(statement)
        return open.ending === 'statement' ? this.#finish(event, open) : undefined
      }
    }
  }

  #takeBegin(event: BinlogEvent): undefined {
    const open = this.#open ?? this.#begin(event, new OpenTransaction(event.offset, 'statement'))
    if (open.ending === 'commit') throw this.#openTransaction(event, 'another one begins', corruptBinlog)
    open.ending = 'commit'
  }

  /** XA START and XA END enclose the changes of the first part; XA COMMIT and XA ROLLBACK are the second part. */
  #takeXa(event: BinlogEvent, { xa, xaPart }: LoggedStatement): Transaction | undefined {
    if (xa === 'start') this.#takeBegin(event)
    const open = this.#openOr(event, 'statement')
    open.isXa = true
    open.xa = xaPart
    return open.ending === 'statement' ? this.#finish(event, open) : undefined
  }

  #takeCommit(event: BinlogEvent, rowsObstacle?: string): Transaction {
    const open = this.#requireOpen(event)
    open.rowsObstacle ??= rowsObstacle
    if (event.type === EventType.XaPrepare) {
      open.isXa = true
      open.xa = readXaPrepare(event)
    }
    return this.#finish(event, open)
  }

  #takePayload(event: BinlogEvent): Transaction | undefined {
    const open = this.#requireOpen(event)
    const obstacle = payloadObstacle(event)
    if (obstacle !== undefined) {
      // A log goes on behind it and has to be archived: that this cannot be replayed is for whoever wants to pass it.
      open.passOver(obstacle)
      return this.#finish(event, open)
    }
    let transaction: Transaction | undefined
    for (const inner of readTransactionPayload(event)) {
      if (transaction !== undefined) throw corruptBinlog(event, 'a compressed transaction goes on behind its end')
      const ended = this.#take(inner)
      if (ended !== undefined) transaction = { ...ended, end: event.end }
    }
    // The server compresses a transaction with the event that ends it.
    if (transaction === undefined) throw corruptBinlog(event, 'a compressed transaction without its end')
    return transaction
  }

  #takeLoad(event: BinlogEvent): Transaction | undefined {
    const open = this.#openOr(event, 'statement')
    open.obstacle ??= LOAD_DATA
    open.statement ??= this.#statements.loadText(event)
    open.addStatement({ kind: 'dml', changes: [], tablesKnown: false })
    return open.ending === 'statement' ? this.#finish(event, open) : undefined
  }

  /** The server lost events here: see https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Incident__event.html */
  #takeIncident(event: BinlogEvent): Transaction {
    const open = this.#open ?? this.#begin(event, new OpenTransaction(event.offset, 'statement'))
    open.obstacle = 'an incident: the server could not log what it changed'
    return this.#finish(event, open)
  }

  #takeOther(event: BinlogEvent): undefined {
    switch (event.type) {
      case EventType.FormatDescription:
        this.#statements.flavor = flavorOf(event.body.toString('latin1', 2, 52))
        break
      case EventType.Rotate:
      case EventType.Stop:
      case EventType.PreviousGtids:
      case EventType.GtidList:
      case EventType.BinlogCheckpoint:
        break
      case EventType.Ignorable:
      case EventType.TransactionContext:
      case EventType.ViewChange:
        return
      default:
        if ((event.flags & EventFlag.ignorable) !== 0) return
        throw unsupportedEvent(event, `a ${eventTypeName(event.type)} event`)
    }
    if (this.#open !== undefined) throw this.#openTransaction(event, `the ${eventTypeName(event.type)} event comes`)
  }

  #finish(event: BinlogEvent, open: OpenTransaction): Transaction {
    this.#open = undefined
    return open.finish(event.end, secondMade(event))
  }

  /** The open transaction; before MySQL 5.6 and without GTIDs one can begin with any event. */
  #openOr(event: BinlogEvent, ending: Ending): OpenTransaction {
    return this.#open ?? this.#begin(event, new OpenTransaction(event.offset, ending))
  }

  #requireOpen(event: BinlogEvent): OpenTransaction {
    if (this.#open === undefined)
      throw corruptBinlog(event, `a ${eventTypeName(event.type)} event outside of a transaction`)
    return this.#open
  }

  #openTransaction(place: LogPlace, what: string, problem: typeof truncatedBinlog = truncatedBinlog): Error {
    const { gtid, start } = this.#open!
    return problem(place, `${what} inside the transaction ${gtid ?? 'without a GTID'} that begins at ${start}`)
  }
}
