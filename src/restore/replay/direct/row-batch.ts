import { EventType } from '../../../binlog/event-type.ts'
import type { BinlogEvent } from '../../../binlog/event.ts'
import { originalCommitOf } from '../../../binlog/gtid-of.ts'
import { readQuery } from '../../../binlog/query-event.ts'
import { ROWS_LAYOUTS } from '../../../binlog/rows-event.ts'
import type { Transaction } from '../../../binlog/transaction.ts'
import type { LogFormat } from '../../../image/segment.ts'
import type { ReplayDialect, RowSettings } from '../../../server/flavor/replay-dialect.ts'
import { appliedEvents } from './applied-events.ts'
import type { AppliedEvents } from './applied-events.ts'
import { joinStatements } from './join-statements.ts'
import type { PiecesAhead } from './pieces-ahead.ts'
import { eventsOf } from './read-pieces.ts'
import type { LogPiece } from './read-pieces.ts'

/** Rows that are applied as one transaction, or as a part of one that is too large to be held. */
export interface RowBatch {
  /** What applies it; undefined when the transactions are empty. */
  readonly statement: AppliedEvents | undefined
  /** Its table maps and row events, when they were asked for. */
  readonly events: readonly BinlogEvent[]
  /** Whether a transaction begins and ends with it. */
  readonly begins: boolean
  readonly ends: boolean
  /** The source's transactions that end in it. */
  readonly transactions: readonly Transaction[]
  /** GTID of the last transaction. */
  readonly gtid: string | undefined
  /** When that committed first, see `originalCommitOf`. */
  readonly originalCommit: number | undefined
  /** What the session was set to; undefined when the log does not tell. */
  readonly settings: RowSettings | undefined
  /** Bytes of the log it stands for. */
  readonly bytes: number
  /** Bytes of its events. */
  readonly unpackedBytes: number
  /** Where the transaction begins of which it is a part. */
  readonly partOf: number | undefined
  /** Several transactions one by one; none when it is not of several. */
  readonly apart: () => readonly TransactionApart[]
}

/** One of the transactions of a batch. */
export interface TransactionApart extends Pick<RowBatch, 'statement'> {
  readonly transaction: Transaction
}

/** How many transactions of the source become one: the benchmark `replay` shows what that is worth. */
const BATCH_TRANSACTIONS = 500
/** And how many bytes of the log, unpacked. */
const BATCH_BYTES = 1024 * 1024

/**
 * Takes what can be applied together, as far as `canJoin` lets two transactions be one; undefined when the next piece has
 * to be printed as text, or there is none. `keepsEvents`: whether its events are held as long as it is.
 */
export async function takeRowBatch(
  pieces: PiecesAhead,
  format: LogFormat,
  canJoin: ReplayDialect['canJoin'],
  keepsEvents = false,
): Promise<RowBatch | undefined> {
  const first = await pieces.peek()
  if (first?.kind !== 'rows') return undefined
  const taken: LogPiece[] = []
  const rows: BinlogEvent[][] = []
  let settings: RowSettings | undefined
  let bytes = 0
  let unpackedBytes = 0
  const isOpen = (): boolean =>
    isWhole(taken.at(-1)) && taken.length < BATCH_TRANSACTIONS && unpackedBytes < BATCH_BYTES
  // What is not taken is not looked at either: it may be large.
  for (
    let next: LogPiece | undefined = first;
    next?.kind === 'rows';
    next = isOpen() ? await pieces.peek() : undefined
  ) {
    const last = taken.at(-1)
    if (last !== undefined) {
      const fits = next.ends !== undefined && unpackedBytes + next.unpackedBytes <= BATCH_BYTES
      if (!fits || !canJoin(last.gtid, next.gtid)) break
    }
    // Last, because a compressed transaction is unpacked for it.
    const events = eventsOf(next)
    const joined = joinSettings(settings, settingsOf(events))
    if (joined === 'differ') break
    settings = joined
    taken.push(next)
    rows.push([...next.maps, ...events.filter(isOfRows)])
    pieces.take()
    bytes += next.bytes
    unpackedBytes += next.unpackedBytes
  }
  const last = taken.at(-1)!
  const transactions = taken.flatMap(({ ends }) => ends ?? [])
  return {
    statement: statementOf(joinStatements(rows.flat()), format),
    events: keepsEvents ? rows.flat() : [],
    begins: first.begins,
    ends: last.ends !== undefined,
    transactions,
    gtid: last.gtid,
    originalCommit: last.events[0] === undefined || !last.begins ? undefined : originalCommitOf(last.events[0]),
    settings,
    bytes,
    unpackedBytes,
    partOf: isWhole(first) ? undefined : first.start,
    apart: transactions.length > 1 ? oneByOne(transactions, rows, format) : () => [],
  }
}

/** Whether a piece is a transaction, and not a part of one. */
function isWhole(piece: LogPiece | undefined): boolean {
  return piece?.begins === true && piece.ends !== undefined
}

// Apart from the rest, so that the events of a large transaction are not held while they are applied.
function oneByOne(
  transactions: readonly Transaction[],
  rows: readonly (readonly BinlogEvent[])[],
  format: LogFormat,
): RowBatch['apart'] {
  return () => transactions.map((transaction, i) => ({ transaction, statement: statementOf(rows[i] ?? [], format) }))
}

function statementOf(rows: readonly BinlogEvent[], format: LogFormat): AppliedEvents | undefined {
  return rows.length === 0 ? undefined : appliedEvents(rows, format)
}

function isOfRows({ type }: BinlogEvent): boolean {
  return type === EventType.TableMap || ROWS_LAYOUTS[type] !== undefined
}

/** MySQL begins every transaction with a statement, which tells what the session was set to. */
function settingsOf(events: readonly BinlogEvent[]): RowSettings | undefined {
  const begin = events.find(({ type }) => type === EventType.Query)
  if (begin === undefined) return undefined
  const { sqlMode, timeZone, timeNames } = readQuery(begin).status
  return { sqlMode, timeZone, timeNames }
}

/** A time zone is logged only where it mattered: what does not tell goes with any. */
function joinSettings(a: RowSettings | undefined, b: RowSettings | undefined): RowSettings | undefined | 'differ' {
  if (a === undefined || b === undefined) return a ?? b
  const zonesDiffer = a.timeZone !== undefined && b.timeZone !== undefined && a.timeZone !== b.timeZone
  if (zonesDiffer || a.sqlMode !== b.sqlMode || a.timeNames !== b.timeNames) return 'differ'
  return { ...a, timeZone: a.timeZone ?? b.timeZone }
}
