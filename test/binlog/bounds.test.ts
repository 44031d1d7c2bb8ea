import { deflateSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import { payloadBody } from './fuzz/compressed-part.ts'
import { LogBuilder, read } from './support.ts'

const MIB = 2 ** 20

/** Memory that `action` takes beyond what the process had at its highest before. */
function growthMib(action: () => unknown): number {
  const before = process.resourceUsage().maxRSS
  action()
  return (process.resourceUsage().maxRSS - before) / 1024
}

describe('what is claimed costs nothing until it is there', () => {
  test('an event that claims a gigabyte is waited for without memory for it', () => {
    const head = new LogBuilder().add(EventType.Query, Buffer.alloc(50), {
      length: 2 ** 30,
      position: 2 ** 30 + 126 + 0,
    })
    const reader = new EventReader({ file: 'binlog.000001' })
    const start = new LogBuilder().length
    const bytes = head.bytes
    bytes.writeUInt32LE(start + 2 ** 30, start + 13)
    expect(growthMib(() => reader.push(bytes))).toBeLessThan(20)
    expect(() => reader.end()).toThrow(expect.objectContaining({ code: 'TruncatedBinlog' }))
  })

  test('a compressed transaction that claims a gigabyte it does not hold', () => {
    const log = new LogBuilder().gtid(1)
    log.add(EventType.TransactionPayload, payloadBody(zstdCompressSync(Buffer.alloc(100)), 2 ** 30))
    expect(growthMib(() => expectCorrupt(log))).toBeLessThan(20)
  })

  test('a compressed event of MariaDB that claims 4 GiB, or nearly a gigabyte, it does not hold', () => {
    for (const claimed of [2 ** 32 - 1, 2 ** 30]) {
      const log = new LogBuilder('mariadb').mariadbGtid(1n, 1)
      log.add(EventType.QueryCompressed, compressedQuery(deflateSync(Buffer.alloc(100)), claimed))
      expect(growthMib(() => expectCorrupt(log))).toBeLessThan(20)
    }
  })
})

describe('what is compressed into little grows to what is claimed and no further', () => {
  const small = zstdCompressSync(Buffer.alloc(256 * MIB))

  test('a compressed transaction that holds more than it claims', () => {
    const log = new LogBuilder().gtid(1).add(EventType.TransactionPayload, payloadBody(small, MIB))
    expect(growthMib(() => expectCorrupt(log))).toBeLessThan(20)
  })

  test('a compressed event of MariaDB that holds more than it claims', () => {
    const log = new LogBuilder('mariadb').mariadbGtid(1n, 1)
    log.add(EventType.QueryCompressed, compressedQuery(deflateSync(Buffer.alloc(64 * MIB)), MIB))
    expect(growthMib(() => expectCorrupt(log))).toBeLessThan(20)
  })

  test('a compressed transaction of millions of the smallest events is held once', () => {
    // As many objects would take ten times the memory.
    const bytes = 32 * MIB
    const events = Buffer.alloc(bytes, event(EventType.Ignorable, Buffer.alloc(13)))
    const log = new LogBuilder().gtid(1)
    log.add(EventType.TransactionPayload, payloadBody(zstdCompressSync(events), bytes))
    expect(growthMib(() => expectCorrupt(log))).toBeLessThan(90)
  })
})

test('a payload inside a payload is refused, however deep', () => {
  const inner = event(EventType.TransactionPayload, payloadBody(zstdCompressSync(Buffer.alloc(0)), 0))
  const log = new LogBuilder().gtid(1)
  log.add(EventType.TransactionPayload, payloadBody(zstdCompressSync(inner), inner.length))
  expect(() => read([log.bytes])).toThrow(
    expect.objectContaining({
      code: 'CorruptBinlog',
      message: expect.stringContaining('a TransactionPayload event inside a compressed transaction'),
    }),
  )
})

test('a table with more columns than a server allows is refused before memory is made for them', () => {
  const columns = 16 * MIB
  const count = Buffer.alloc(4, 253)
  count.writeUIntLE(columns - 1, 1, 3)
  const body = Buffer.concat([
    Buffer.from([9, 0, 0, 0, 0, 0, 1, 0, 1, 97, 0, 1, 98, 0]),
    count,
    Buffer.alloc(columns, 3),
  ])
  const log = new LogBuilder().gtid(1).query('BEGIN').add(EventType.TableMap, body)
  expect(growthMib(() => expectCorrupt(log))).toBeLessThan(90)
})

test('a transaction over 20,000 tables names every one', () => {
  const maps = Array.from({ length: 20_000 }, (_, i) => Buffer.concat([tableMap(i), rowsOf(i)]))
  const inner = Buffer.concat([...maps, event(EventType.Xid, Buffer.alloc(8))])
  const log = new LogBuilder().gtid(1)
  log.add(EventType.TransactionPayload, payloadBody(zstdCompressSync(inner), inner.length))
  const [transaction] = read([log.bytes]).transactions
  expect(transaction).toMatchObject({ kind: 'row', rows: 20_000 })
  expect(transaction?.changes).toHaveLength(20_000)
})

function expectCorrupt(log: LogBuilder): void {
  expect(() => read([log.bytes])).toThrow(expect.objectContaining({ code: 'CorruptBinlog' }))
}

/** An event as it lies in a payload: without position and checksum. */
function event(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(19)
  header[4] = type
  header.writeUInt32LE(19 + body.length, 9)
  return Buffer.concat([header, body])
}

function tableMap(id: number): Buffer {
  const name = `table_${String(id).padStart(6, '0')}`
  const columns = Buffer.from([1, 3, 0, 0])
  const names = Buffer.from(`\x04shop\0${String.fromCodePoint(name.length)}${name}\0`, 'latin1')
  return event(EventType.TableMap, Buffer.concat([tableId(id), names, columns]))
}

function rowsOf(id: number): Buffer {
  return event(EventType.WriteRows, Buffer.concat([tableId(id), Buffer.from([2, 0, 1, 0xff, 0, 1, 0, 0, 0])]))
}

function tableId(id: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(id)
  return bytes
}

function compressedQuery(compressed: Buffer, claimed: number): Buffer {
  const head = Buffer.alloc(14)
  const length = Buffer.alloc(5, 0x84)
  length.writeUInt32BE(claimed, 1)
  return Buffer.concat([head, length, compressed])
}
