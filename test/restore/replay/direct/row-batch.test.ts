import { describe, expect, test } from 'vitest'
import { EventReader } from '../../../../src/binlog/event-reader.ts'
import { EventType } from '../../../../src/binlog/event-type.ts'
import { BinlogEvent } from '../../../../src/binlog/event.ts'
import { ROWS_LAYOUTS } from '../../../../src/binlog/rows-event.ts'
import { TransactionReader } from '../../../../src/binlog/transaction-reader.ts'
import { PiecesAhead } from '../../../../src/restore/replay/direct/pieces-ahead.ts'
import { readPieces } from '../../../../src/restore/replay/direct/read-pieces.ts'
import type { LogPiece } from '../../../../src/restore/replay/direct/read-pieces.ts'
import { takeRowBatch } from '../../../../src/restore/replay/direct/row-batch.ts'
import type { RowBatch } from '../../../../src/restore/replay/direct/row-batch.ts'
import type { ReplayFile } from '../../../../src/restore/replay/replayer.ts'
import { replayDialect } from '../../../../src/server/flavor/replay-dialect-of.ts'
import { fixture } from '../../../binlog/support.ts'

describe.each(['mysql', 'mariadb'] as const)('a log of %s', (flavor) => {
  const bytes = fixture(`${flavor}-full.000001`)

  test('is cut into its transactions, whole and in order', async () => {
    const { file, transactions } = replayFile(bytes)
    const pieces = await all(readPieces(file))
    expect(pieces.map(({ ends }) => ends)).toEqual(transactions)
    expect(pieces.every(({ begins }) => begins)).toBe(true)
    for (const { events, bytes: size, ends } of pieces) {
      expect(events[0]!.offset).toBe(ends!.start)
      expect(events.at(-1)!.end).toBe(ends!.end)
      expect(size).toBe(ends!.end - ends!.start)
    }
    expect(pieces.map(({ kind }) => kind)).toEqual(
      transactions.map(({ rowsObstacle }) => (rowsObstacle === undefined ? 'rows' : 'text')),
    )
  })

  test('is applied in batches of rows, each with the maps its rows need', async () => {
    const { file } = replayFile(bytes)
    const pieces = new PiecesAhead(readPieces(file))
    const batches: RowBatch[] = []
    while ((await pieces.peek()) !== undefined) {
      const batch = await takeRowBatch(pieces, file.format, replayDialect(flavor).canJoin)
      if (batch === undefined) pieces.take()
      else batches.push(batch)
    }
    expect(batches.length).toBeGreaterThan(0)
    for (const { statement, transactions, gtid } of batches) {
      expect(gtid).toBe(transactions.at(-1)!.gtid)
      expect(transactions.every(({ rowsObstacle }) => rowsObstacle === undefined)).toBe(true)
      expect(unmapped(eventsIn(statement, file))).toEqual([])
    }
  })
})

/** Row events without the map of their table before them. */
function unmapped(events: readonly BinlogEvent[]): BinlogEvent[] {
  const mapped = new Set<string>()
  return events.filter(({ type, body }) => {
    const id = body.toString('hex', 0, 6)
    if (type === EventType.TableMap) mapped.add(id)
    return ROWS_LAYOUTS[type] !== undefined && !mapped.has(id)
  })
}

function eventsIn(events: RowBatch['statement'] = [], { format }: ReplayFile): BinlogEvent[] {
  return events.map((each) => {
    const bytes = Buffer.from(each)
    expect(bytes.readUInt32LE(9)).toBe(bytes.length)
    return new BinlogEvent('joined', bytes, 0, bytes.length, 0, format.checksum === 'crc32' ? 4 : 0)
  })
}

function replayFile(bytes: Buffer) {
  const reader = new EventReader({ file: 'binlog.000001' })
  const grouper = new TransactionReader({ file: 'binlog.000001' })
  const events = reader.push(bytes)
  const ends = new Map(events.map((event) => [event, grouper.push(event)]))
  const transactions = [...ends.values()].filter((transaction) => transaction !== undefined)
  const wanted = events.filter(({ offset }) => transactions.some(({ start, end }) => offset >= start && offset < end))
  const file: ReplayFile = {
    file: 'binlog.000001',
    fileId: 'id',
    head: events[0]!.bytes,
    format: reader.format!,
    usesTemporaryTables: false,
    largeStatements: new Set(),
    uncounted: new Set(),
    async *transactions() {
      for (const event of wanted) {
        await Promise.resolve()
        const transaction = ends.get(event)
        yield { events: [event], transactions: transaction === undefined ? [] : [transaction] }
      }
    },
  }
  return { file, transactions }
}

async function all(pieces: AsyncIterable<LogPiece>): Promise<LogPiece[]> {
  const taken: LogPiece[] = []
  for await (const piece of pieces) taken.push(piece)
  return taken
}
