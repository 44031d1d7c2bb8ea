import { EventType } from '../../../binlog/event-type.ts'
import type { BinlogEvent } from '../../../binlog/event.ts'
import { readQuery } from '../../../binlog/query-event.ts'
import type { ClientProgram } from '../../../server/client-programs.ts'
import { replayDialect } from '../../../server/flavor/replay-dialect-of.ts'
import type { Server } from '../../../server/server.ts'
import type { Session } from '../../../server/session.ts'
import { printFile } from '../print-file.ts'
import { endsRun } from '../printed-runs.ts'
import { refusedByServer, replayIncomplete } from '../replay-failed.ts'
import type { ReplayPlace } from '../replay-failed.ts'
import type { ReplayChunk, ReplayFile, ReplayNotes } from '../replayer.ts'
import type { Sent } from '../sent.ts'
import type { JoinedGtids } from './joined-gtids.ts'
import { NotedText } from './noted-text.ts'
import type { PiecesAhead } from './pieces-ahead.ts'
import { eventsOf } from './read-pieces.ts'
import type { LogPiece } from './read-pieces.ts'
import { StatementReader } from './statement-reader.ts'
import type { PrintedStatement } from './statement-reader.ts'

/** Starting the program costs as much as printing some small transactions: short runs of rows between two texts go along. */
const SHORT_RUN_TRANSACTIONS = 20
const SHORT_RUN_BYTES = 64 * 1024

/** What {@link replayText} takes. */
export interface ReplayTextOptions {
  readonly server: Server
  /** The binlog program. */
  readonly program: ClientProgram
  /** Where the statements are run: the session that also applies the rows, so that what lives in it goes on. */
  readonly session: Session
  readonly file: ReplayFile
  readonly sent: Sent
  readonly gtids: JoinedGtids
  readonly notes?: ReplayNotes | undefined
  readonly place: () => ReplayPlace
  /** Whether short runs of rows go along. */
  readonly takesRows: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Takes the next transactions, which are more than rows, and runs the statements the binlog program prints for exactly
 * their bytes. Throws `ReplayFailed`.
 */
export async function replayText(pieces: PiecesAhead, options: ReplayTextOptions): Promise<void> {
  const { server, session, file, sent, gtids, notes, place, takesRows } = options
  const execute = async ({ sql, eventEnd }: PrintedStatement): Promise<void> => {
    try {
      await session.query(sql.toString('latin1'))
    } catch (error) {
      const failed = eventEnd === undefined ? undefined : sent.transactionOf({ file: file.file, eventEnd })
      throw refusedByServer('a statement', error, { ...place(), failed: failed === undefined ? [] : [failed] })
    }
  }
  const statements = new StatementReader()
  const dialect = replayDialect(server.flavor)
  const noted = notes === undefined ? undefined : new NotedText(notes, file, dialect.ddlIsAtomic)
  const isLast = (piece: LogPiece): boolean => piece.ends !== undefined && endsRun(piece.ends, file, dialect)
  await printFile({
    ...options,
    file: {
      ...file,
      transactions: () =>
        takeText(pieces, statements, noted, { isLast, takesRows, zoneStays: dialect.beforeRows.length > 0 }),
    },
    send: async (sql) => {
      for (const statement of statements.push(sql)) await execute(statement)
    },
    onSent: (bytes, transactions) => {
      for (const transaction of transactions) gtids.add([transaction])
      sent.add(bytes, transactions, file)
    },
  })
  if (!statements.isComplete) throw replayIncomplete('a logged statement was not printed', place())
  await noted?.end()
}

async function* takeText(
  pieces: PiecesAhead,
  statements: StatementReader,
  noted: NotedText | undefined,
  {
    isLast,
    takesRows,
    zoneStays,
  }: { readonly isLast: (piece: LogPiece) => boolean; readonly takesRows: boolean; readonly zoneStays: boolean },
): AsyncGenerator<ReplayChunk, void, undefined> {
  let goAlong = takesRows
  for (let left = 0; left > 0 || (left = await textAhead(pieces, goAlong)) > 0; left--) {
    const piece = pieces.take()!
    for (const event of eventsOf(piece)) {
      if (!isQuery(event)) continue
      const { text, status } = readQuery(event)
      // The program sets the zone of a statement, and not back again for rows behind it.
      if (zoneStays && status.timeZone !== undefined) goAlong = false
      // These it prints as BINLOG statements.
      if (!status.isPartOfAlter) statements.expect(text)
    }
    await noted?.add(piece)
    yield { events: piece.events, transactions: piece.ends === undefined ? [] : [piece.ends] }
    if (isLast(piece)) return
  }
}

/** How many pieces to take: the next text, and a short run of rows before it. */
async function textAhead(pieces: PiecesAhead, takesRows: boolean): Promise<number> {
  let bytes = 0
  for (let i = 0; i <= (takesRows ? SHORT_RUN_TRANSACTIONS : 0) && bytes <= SHORT_RUN_BYTES; i++) {
    const piece: LogPiece | undefined = await pieces.peek(i)
    if (piece?.kind === 'text') return i + 1
    const isWhole = piece?.begins === true && piece.ends !== undefined
    if (!isWhole) return 0
    bytes += piece.bytes
  }
  return 0
}

function isQuery({ type }: BinlogEvent): boolean {
  return type === EventType.Query || type === EventType.QueryCompressed
}
