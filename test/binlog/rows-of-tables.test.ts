import assert from 'node:assert/strict'
import fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import type { BinlogEvent } from '../../src/binlog/event.ts'
import { endsStatement } from '../../src/binlog/rows-event.ts'
import { RowsOfTables } from '../../src/binlog/rows-of-tables.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'
import { RestoredTables } from '../../src/image/restored-tables.ts'
import { rowsRestored } from '../../src/restore/scope.ts'
import { LogBuilder } from './support.ts'

/** Tables of the database d: those of capitals are wanted. */
const TABLES = ['A', 'B', 'x', 'y'] as const

/** A statement: which tables it maps, and the row events it makes, the last of which ends it. */
interface Statement {
  readonly annotated: boolean
  /** Of tables whose rows come, or not. */
  readonly mapped: readonly number[]
  readonly rows: readonly { readonly table: number; readonly count: number; readonly mapsAgain: boolean }[]
}

const table = fc.nat({ max: TABLES.length - 1 })
const statement: fc.Arbitrary<Statement> = fc.record({
  annotated: fc.boolean(),
  mapped: fc.array(table, { maxLength: 2 }),
  rows: fc.array(fc.record({ table, count: fc.integer({ min: 1, max: 3 }), mapsAgain: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  }),
})
const transactions = fc.array(fc.array(statement, { maxLength: 4 }), { minLength: 1, maxLength: 4 })
const flavors = fc.constantFrom('mysql' as const, 'mariadb' as const)
const chunks = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 })

test('what is left is the log of the same transactions, had they changed the wanted tables alone', () => {
  fc.assert(
    fc.property(transactions, flavors, chunks, (all, flavor, sizes) => {
      const log = logOf(all, flavor)
      const before = whole(log)
      const after = filtered(log, sizes)
      const wantedBefore = before.filter((event) => !isRowsOrMap(event) || isWanted(event))
      const wantedRows = (events: readonly BinlogEvent[]) => events.filter(isRows).map(withoutFlags)
      expect(wantedRows(after)).toEqual(wantedRows(wantedBefore))
      expect(after.filter(isRowsOrMap).every(isWanted)).toBe(true)
      const others = (events: readonly BinlogEvent[]) =>
        events.filter((event) => !isRowsOrMap(event) && !isAnnotation(event)).map(({ bytes }) => bytes)
      expect(others(after)).toEqual(others(before))
      for (const { bytes } of after) {
        expect(bytes.readUInt32LE(9)).toBe(bytes.length)
        expect(bytes.readUInt32LE(bytes.length - 4)).toBe(crc32(bytes.subarray(0, -4)))
      }
      expect(statementsOf(after)).toEqual(all.map((each) => each.flatMap(leftOf)))
    }),
  )
})

test('it reads as what a plan says of it, and stands for every byte of its transactions', () => {
  fc.assert(
    fc.property(transactions, flavors, (all, flavor) => {
      const log = logOf(all, flavor)
      const left = filtered(log, [1_000_000])
      const restored = new RestoredTables({
        backup: { scope: 'all', server: SERVER },
        only: { tables: ['d.A', 'd.B'] },
      })
      const planned = read(whole(log)).map((transaction) => rowsRestored(transaction, restored))
      const counts = ({ rowEvents, rows, changes }: (typeof planned)[number]) => ({ rowEvents, rows, changes })
      // A table that was mapped only is touched by no row.
      expect(read(left).map(counts)).toEqual(planned.map(counts))
      let at = left[1]!.offset
      for (const { offset, end } of left.slice(1)) {
        expect(offset).toBe(at)
        at = end
      }
      expect(at).toBe(log.length)
    }),
  )
})

const SERVER = {
  flavor: 'mysql',
  version: '9.7.4',
  serverId: 1,
  settings: { lower_case_table_names: '0' },
  systemTimeZone: '+00:00',
} as const

function logOf(all: readonly (readonly Statement[])[], flavor: 'mysql' | 'mariadb'): LogBuilder {
  const log = new LogBuilder(flavor)
  for (const [i, statements] of all.entries()) {
    if (flavor === 'mysql') log.gtid(i + 1).query('BEGIN')
    else log.mariadbGtid(BigInt(i + 1), 0)
    for (const { annotated, mapped, rows } of statements) {
      if (annotated) log.add(flavor === 'mysql' ? EventType.RowsQuery : EventType.AnnotateRows, '\u0005INSERT')
      const maps = new Set([...mapped, ...rows.filter(({ mapsAgain }) => !mapsAgain).map((each) => each.table)])
      for (const each of maps) log.add(EventType.TableMap, mapOf(each))
      for (const [n, row] of rows.entries()) {
        if (row.mapsAgain) log.add(EventType.TableMap, mapOf(row.table))
        log.add(EventType.WriteRows, rowsOf(row.table, row.count, n === rows.length - 1))
      }
    }
    log.add(EventType.Xid, Buffer.alloc(8))
  }
  return log
}

function mapOf(each: number): Buffer {
  return Buffer.from([each, 0, 0, 0, 0, 0, 1, 0, 1, 0x64, 0, 1, TABLES[each]!.charCodeAt(0), 0, 1, 3, 0, 1])
}

let serial = 0
function rowsOf(each: number, count: number, isLast: boolean): Buffer {
  const rows = Array.from({ length: count }, () => [0, ++serial & 0xff, (serial >> 8) & 0xff, 0, 0]).flat()
  return Buffer.from([each, 0, 0, 0, 0, 0, isLast ? 1 : 0, 0, 2, 0, 1, 1, ...rows])
}

/** The row events of a statement that are left: which table, and whether it ends there. */
function leftOf({ rows }: Statement): readonly (readonly [table: number, ends: boolean])[] {
  const wanted = rows.filter(({ table }) => table < 2)
  return wanted.map(({ table }, i) => [table, i === wanted.length - 1])
}

/** The same of what was left, by transaction; checks that each row event has its map, and nothing stays open. */
function statementsOf(events: readonly BinlogEvent[]): (readonly [table: number, ends: boolean])[][] {
  const found: (readonly [number, boolean])[][] = []
  let maps = new Set<number>()
  let isOpen = false
  for (const event of events) {
    const id = event.body[0]!
    if (event.type === EventType.Gtid || event.type === EventType.MariadbGtid) found.push([])
    if (event.type === EventType.TableMap || isAnnotation(event)) isOpen = true
    if (event.type === EventType.TableMap) maps.add(id)
    if (isRows(event)) {
      assert.ok(maps.has(id))
      const ends = endsStatement(event)
      found.at(-1)!.push([id, ends])
      isOpen = !ends
      if (ends) maps = new Set()
    }
    if (event.type === EventType.Xid) assert.equal(isOpen, false)
  }
  return found
}

function whole(log: LogBuilder): readonly BinlogEvent[] {
  return new EventReader({ file: 'binlog.000001' }).push(log.bytes).map((event) => event.detached())
}

/** Filters the log while it is read in chunks of these sizes, whose bytes go away. */
function filtered(log: LogBuilder, sizes: readonly number[]): readonly BinlogEvent[] {
  const reader = new EventReader({ file: 'binlog.000001' })
  const rows = new RowsOfTables((each) => each.table === each.table.toUpperCase())
  const left: BinlogEvent[] = []
  for (let at = 0, i = 0; at < log.length; i++) {
    const size = sizes[i % sizes.length]!
    const events = reader.push(Buffer.from(log.bytes.subarray(at, at + size)))
    const here: BinlogEvent[] = []
    for (const event of events) rows.add(event, here)
    left.push(...here.map((event) => event.detached()))
    rows.detach()
    for (const { bytes } of events) bytes.fill(0xee)
    at += size
  }
  return left
}

function read(events: readonly BinlogEvent[]) {
  const reader = new TransactionReader({ file: 'binlog.000001' })
  return events.flatMap((event) => reader.push(event) ?? [])
}

function isRows({ type }: BinlogEvent): boolean {
  return type === EventType.WriteRows
}

function isRowsOrMap(event: BinlogEvent): boolean {
  return isRows(event) || event.type === EventType.TableMap
}

function isAnnotation({ type }: BinlogEvent): boolean {
  return type === EventType.RowsQuery || type === EventType.AnnotateRows
}

function isWanted({ body }: BinlogEvent): boolean {
  return body[0]! < 2
}

/** Without the flags, and the checksum over them. */
function withoutFlags({ bytes }: BinlogEvent): Buffer {
  const copy = Buffer.from(bytes.subarray(0, -4))
  copy[19 + 6] = 0
  return copy
}
