import fc from 'fast-check'
import { crc32, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import type { BinlogEvent } from '../../src/binlog/event.ts'
import { UpdatesApart } from '../../src/binlog/updates-apart.ts'
import { payloadBody } from './fuzz/compressed-part.ts'
import { LogBuilder } from './support.ts'

const MYSQL = { serverVersion: '9.7.4', checksum: 'crc32' } as const
const MARIADB = { serverVersion: '11.8.3-MariaDB-log', checksum: 'crc32' } as const

// id INT, name VARCHAR(20), data BLOB, doc JSON, all of which may be NULL.
const TABLE_MAP = Buffer.from([7, 0, 0, 0, 0, 0, 1, 0, 1, 0x64, 0, 1, 0x74, 0, 4, 3, 15, 252, 245, 4, 20, 0, 2, 4, 15])
const PREFIXES = [0, 1, 2, 4]
const JSON_COLUMN = 3

/** A row: its values, ids never change. */
type Row = readonly (Buffer | null)[]

interface Update {
  /** Which row of the table it is about. */
  readonly row: number
  /** What its columns but the id become; undefined: it stays. */
  readonly values: readonly (Buffer | null | undefined)[]
}

const value = fc.option(fc.uint8Array({ minLength: 2, maxLength: 2 }).map((bytes) => Buffer.from(bytes)))
const long = fc.option(
  fc.tuple(fc.nat({ max: 255 }), fc.constantFrom(4, 300)).map(([byte, size]) => Buffer.alloc(size, byte)),
)
const updates = fc.array(
  fc.record({
    row: fc.nat({ max: 4 }),
    values: fc.tuple(...[value, long, long].map((each) => fc.option(each, { nil: undefined }))),
  }),
  { minLength: 1, maxLength: 12 },
)
const images = fc.record({
  isPartial: fc.boolean(),
  /** Columns of the before and after images; after images then hold what was changed, so all of an event. */
  before: fc.constantFrom(0b1111, 0b1011, 0b0001, 0b0111),
  isWhole: fc.boolean(),
  endsStatement: fc.boolean(),
})
type Images = typeof images extends fc.Arbitrary<infer Value> ? Value : never

test('the pieces of an event hold its rows in their order, each row of the table once', () => {
  fc.assert(
    fc.property(updates, images, (all, how) => {
      const { log, rows, type } = logOf(all, how)
      const [original, ...cut] = [log.at(-2)!, ...apart(log).slice(2, -1)]
      const head = original.body.length - Buffer.concat(rows).length
      let next = 0
      for (const [i, piece] of cut.entries()) {
        const isLast = i === cut.length - 1
        const { bytes, body } = piece
        expect(piece.type).toBe(type)
        expect(bytes.readUInt32LE(9)).toBe(bytes.length)
        expect(bytes.readUInt32LE(bytes.length - 4)).toBe(crc32(bytes.subarray(0, -4)))
        expect([bytes.subarray(0, 9), bytes.subarray(13, 25), body.subarray(8, head)]).toEqual([
          original.bytes.subarray(0, 9),
          original.bytes.subarray(13, 25),
          original.body.subarray(8, head),
        ])
        expect(body.readUInt16LE(6)).toBe(isLast && how.endsStatement ? 1 : 0)
        expect([piece.offset, piece.end]).toEqual([original.offset, isLast ? original.end : original.offset])
        const touched: number[] = []
        for (let at = head; at < body.length; next++) {
          const row = rows[next]!
          expect(body.subarray(at, at + row.length)).toEqual(row)
          at += row.length
          touched.push(all[next]!.row)
        }
        expect(new Set(touched).size).toBe(touched.length)
        // Greedy: the next row is one of this piece again.
        expect(isLast || touched.includes(all[next]!.row)).toBe(true)
      }
      expect(next).toBe(rows.length)
    }),
  )
})

const CHANGED = Buffer.from('xy')
const TWICE: readonly Update[] = [0, 1, 0].map((row) => ({ row, values: [undefined, CHANGED, undefined] }))
const WHOLE: Images = { isPartial: false, before: 0b1111, isWhole: true, endsStatement: true }

test('events without a repeated row, and those of MariaDB, stay the same', () => {
  const once = logOf(TWICE.slice(0, 2), WHOLE).log
  expect(apart(once)).toEqual(once)
  const { log } = logOf(TWICE, WHOLE)
  expect(apart(log)).toHaveLength(log.length + 1)
  expect(apart(log, MARIADB)).toEqual(log)
})

test('a compressed transaction is unpacked where something in it is cut, and its events end where it does', () => {
  const { log } = logOf(TWICE, WHOLE)
  const packed = payloadOf(log)
  const inner = [...new UpdatesApart(MYSQL).unpackIfCut(packed)!]
  expect(inner.map(({ type }) => type)).toEqual([EventType.TableMap, 31, 31, EventType.Xid])
  expect(inner.map(({ end }) => end)).toEqual([packed.offset, packed.offset, packed.offset, packed.end])
  expect(inner.map(({ checksumBytes }) => checksumBytes)).toEqual([0, 0, 0, 0])
  expect(new UpdatesApart(MYSQL).unpackIfCut(payloadOf(logOf(TWICE.slice(0, 2), WHOLE).log))).toBeUndefined()
})

function apart(log: readonly BinlogEvent[], format: typeof MYSQL | typeof MARIADB = MYSQL): readonly BinlogEvent[] {
  const all = new UpdatesApart(format)
  const events: BinlogEvent[] = []
  for (const event of log) all.add(event, events)
  return events
}

/** GTID, table map, row event, Xid; and the rows as they are in the event. */
function logOf(all: readonly Update[], how: Images): { log: BinlogEvent[]; rows: readonly Buffer[]; type: number } {
  const type = how.isPartial ? EventType.PartialUpdateRows : EventType.UpdateRows
  const changed = [1, 2, 3].filter((column) => all.some(({ values }) => values[column - 1] !== undefined))
  const after = how.isWhole ? 0b1111 : changed.reduce((bits, column) => bits | (1 << column), 1)
  const table: Row[] = [0, 1, 2, 3, 4].map((id) => [Buffer.from([id, 0, 0, 0]), null, CHANGED, CHANGED])
  const rows = all.map(({ row, values }) => {
    const was = table[row]!
    const is = was.map((old, column) => (column === 0 || values[column - 1] === undefined ? old : values[column - 1]!))
    table[row] = is
    const options = !how.isPartial ? [] : (after & (1 << JSON_COLUMN)) === 0 ? [0] : [1, 1]
    return Buffer.concat([image(was, how.before), Buffer.from(options), image(is, after)])
  })
  const head = Buffer.from([7, 0, 0, 0, 0, 0, how.endsStatement ? 1 : 0, 0, 2, 0, 4, how.before, after])
  const builder = new LogBuilder()
    .gtid(1)
    .add(EventType.TableMap, TABLE_MAP)
    .add(type, Buffer.concat([head, ...rows]))
    .add(EventType.Xid, Buffer.alloc(8))
  const [, ...log] = read(builder)
  return { log, rows, type }
}

function image(row: Row, present: number): Buffer {
  const columns = [0, 1, 2, 3].filter((column) => (present & (1 << column)) !== 0)
  // Servers set the bits behind the last column.
  const nulls = columns.reduce(
    (bits, column, i) => bits | (row[column] === null ? 1 << i : 0),
    (0xff << columns.length) & 0xff,
  )
  return Buffer.concat([Buffer.from([nulls]), ...columns.map((column) => packed(row[column]!, PREFIXES[column]!))])
}

function packed(bytes: Buffer | null, prefix: number): Buffer {
  if (bytes === null) return Buffer.alloc(0)
  const length = Buffer.alloc(prefix)
  if (prefix > 0) length.writeUIntLE(bytes.length, 0, prefix)
  return Buffer.concat([length, bytes])
}

function payloadOf(log: readonly BinlogEvent[]): BinlogEvent {
  const inner = log.slice(1).map(({ bytes }) => {
    const event = Buffer.from(bytes.subarray(0, -4))
    event.writeUInt32LE(event.length, 9)
    return event
  })
  const bytes = Buffer.concat(inner)
  const body = payloadBody(zstdCompressSync(bytes), bytes.length)
  return read(new LogBuilder().add(EventType.TransactionPayload, body)).at(-1)!
}

function read(builder: LogBuilder): BinlogEvent[] {
  const reader = new EventReader({ file: 'binlog.000001' })
  return reader.push(builder.bytes).map((event) => event.detached())
}
