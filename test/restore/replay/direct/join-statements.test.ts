import fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { EventReader } from '../../../../src/binlog/event-reader.ts'
import { EventType } from '../../../../src/binlog/event-type.ts'
import type { BinlogEvent } from '../../../../src/binlog/event.ts'
import { joinStatements } from '../../../../src/restore/replay/direct/join-statements.ts'
import { LogBuilder } from '../../../binlog/support.ts'

const STATEMENT_END = 1

/** One statement of the source. */
interface Statement {
  readonly timestamp: number
  /** Flags of its row events, but for the end. */
  readonly flags: number
  /** Its row events: the table, and what they do. */
  readonly rows: readonly { readonly table: number; readonly type: number }[]
  /** How often the tables went out of the source's cache before it. */
  readonly evicted: number
}

const TYPES = [EventType.WriteRows, EventType.UpdateRows, EventType.DeleteRows] as const
const statements = fc.array(
  fc.record({
    timestamp: fc.constantFrom(1_800_000_000, 1_800_000_001),
    flags: fc.constantFrom(0, 0, 0, 2),
    rows: fc.array(fc.record({ table: fc.nat({ max: 2 }), type: fc.constantFrom(...TYPES) }), {
      minLength: 1,
      maxLength: 4,
    }),
    evicted: fc.constantFrom(0, 0, 0, 1),
  }),
  { maxLength: 12 },
)

test('the rows are the same in the same order, in statements that a server applies alike', () => {
  fc.assert(
    fc.property(statements, fc.boolean(), (all, isCut) => {
      const events = eventsOf(all, isCut)
      const given = statementsOf(events)
      const joined = statementsOf(joinStatements(events))
      expect(joined.flatMap(({ rows }) => rows.map(withoutEnd))).toEqual(
        given.flatMap(({ rows }) => rows.map(withoutEnd)),
      )
      expect(joined.length).toBeLessThanOrEqual(events.length)
      for (const { maps, rows } of joined) {
        const heads = rows.map(({ timestamp, body }) => [timestamp, body.readUInt16LE(6) & ~STATEMENT_END].join(' '))
        expect(new Set(heads).size).toBe(1)
        // Only the last one ends it, and every table has the map it had, once.
        expect(rows.map((event) => flagsOf(event) & STATEMENT_END)).toEqual(
          rows.map((_, i) => (i < rows.length - 1 ? 0 : 1)),
        )
        expect(new Set(maps.map(idOf)).size).toBe(maps.length)
        expect(new Set(maps.map(({ body }) => body.toString('latin1', 6))).size).toBe(maps.length)
        for (const row of rows) {
          const ofSource = given.find((statement) => statement.rows.some(({ offset }) => offset === row.offset))
          const map = maps.find((event) => idOf(event) === idOf(row))
          expect(ofSource?.maps.map(bodyOf)).toContain(map === undefined ? undefined : bodyOf(map))
        }
        for (const [i, event] of rows.entries()) {
          const last = rows[i - 1]
          const isJoined =
            event.type === EventType.UpdateRows && event.type === last?.type && idOf(event) === idOf(last)
          expect(isJoined).toBe(false)
          expect(event.bytes.readUInt32LE(event.length - 4)).toBe(crc32(event.bytes.subarray(0, -4)))
        }
      }
    }),
  )
})

test('short statements of one second become one', () => {
  const insert = { timestamp: 1_800_000_000, flags: 0, rows: [{ table: 1, type: EventType.WriteRows }], evicted: 0 }
  const events = eventsOf(
    Array.from({ length: 50 }, () => insert),
    false,
  )
  expect(statementsOf(joinStatements(events))).toMatchObject([{ maps: [{}], rows: { length: 50 } }])
})

test('a row event without its table map is refused', () => {
  const [, rows] = eventsOf(
    [{ timestamp: 1, flags: 0, rows: [{ table: 1, type: EventType.WriteRows }], evicted: 0 }],
    false,
  )
  expect(() => joinStatements([rows!])).toThrow(/no table map names/)
})

/** As a log has them; of a cut transaction the last statement goes on. */
function eventsOf(all: readonly Statement[], isCut: boolean): readonly BinlogEvent[] {
  const log = new LogBuilder()
  let generation = 0
  for (const [s, { timestamp, flags, rows, evicted }] of all.entries()) {
    generation += evicted
    for (const table of new Set(rows.map((each) => each.table))) {
      log.add(EventType.TableMap, tableMap(generation * 10 + table, table), { timestamp })
    }
    for (const [i, { table, type }] of rows.entries()) {
      const isLast = i === rows.length - 1 && !(isCut && s === all.length - 1)
      log.add(type, rowsBody(generation * 10 + table, flags | (isLast ? STATEMENT_END : 0), i), { timestamp })
    }
  }
  return new EventReader({ file: 'binlog.000001' })
    .push(log.bytes)
    .slice(1)
    .map((event) => event.detached())
}

function tableMap(id: number, table: number): Buffer {
  return Buffer.from([id, 0, 0, 0, 0, 0, 1, 0, 1, 0x64, 0, 1, 0x61 + table, 0, 1, 3, 0, 1])
}

function rowsBody(id: number, flags: number, value: number): Buffer {
  return Buffer.from([id, 0, 0, 0, 0, 0, flags, 0, 2, 0, 1, 0xff, 0, value, 0, 0, 0])
}

function statementsOf(
  events: readonly BinlogEvent[],
): readonly { readonly maps: readonly BinlogEvent[]; readonly rows: readonly BinlogEvent[] }[] {
  const found: { readonly maps: BinlogEvent[]; readonly rows: BinlogEvent[] }[] = []
  let ended = true
  for (const event of events) {
    if (ended) found.push({ maps: [], rows: [] })
    const isMap = event.type === EventType.TableMap
    found.at(-1)![isMap ? 'maps' : 'rows'].push(event)
    ended = !isMap && (flagsOf(event) & STATEMENT_END) !== 0
  }
  return found
}

function flagsOf({ body }: BinlogEvent): number {
  return body.readUInt16LE(6)
}

function bodyOf({ body }: BinlogEvent): string {
  return body.toString('hex')
}

function idOf({ body }: BinlogEvent): string {
  return body.toString('hex', 0, 6)
}

/** What stays of a row event: all but whether its statement ends, and so its checksum. */
function withoutEnd({ offset, bytes }: BinlogEvent): unknown {
  const copy = Buffer.from(bytes.subarray(0, -4))
  copy[19 + 6]! &= ~STATEMENT_END
  return { offset, bytes: copy.toString('hex') }
}
