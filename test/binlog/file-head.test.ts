import { expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import { FileHeadBuilder, readFileHead } from '../../src/binlog/file-head.ts'
import { clearInUse } from '../../src/binlog/format-description.ts'
import { fixture, FIXTURES, LogBuilder } from './support.ts'

function headOf(bytes: Buffer) {
  return readFileHead('binlog.000001', new EventReader({ file: 'binlog.000001' }).push(bytes))
}

test('a head tells server, creation and what was executed before', () => {
  expect(headOf(fixture('mysql-full.000001'))).toMatchObject({
    previousGtids: '',
    bytes: 158,
    format: { flavor: 'mysql' },
  })
  expect(headOf(fixture('mysql-full.000002'))?.previousGtids).toBe(
    'b693ac0c-e58d-11f1-a9ad-02fc00000001:1-30,b693ac0c-e58d-11f1-a9ad-02fc00000001:mytag:1',
  )
  expect(headOf(fixture('mariadb-full.000002'))).toMatchObject({
    previousGtids: '5-4184853221-1,0-4184853221-29',
    serverId: 4184853221,
    format: { createdAt: 0 },
  })
})

test('the identity of a file does not change while it grows or when the in-use flag does', () => {
  for (const name of FIXTURES) {
    const bytes = fixture(name)
    const head = headOf(bytes)!
    expect(headOf(bytes.subarray(0, head.bytes))?.fileId).toBe(head.fileId)
    bytes[21]! ^= 1
    expect(headOf(bytes)?.fileId).toBe(head.fileId)
  }
  expect(new Set(FIXTURES.map((name) => headOf(fixture(name))?.fileId)).size).toBe(FIXTURES.length)
})

test('files that begin with the same bytes are told apart by their names', () => {
  const bytes = fixture('mysql-full.000001')
  const idOf = (file: string) => readFileHead(file, new EventReader({ file }).push(bytes))?.fileId
  expect(idOf('binlog.000001')).toBe(idOf('binlog.000001'))
  expect(idOf('binlog.000002')).not.toBe(idOf('binlog.000001'))
})

test('clearInUse makes an open and a closed file the same', () => {
  const bytes = fixture('mysql-killed.000001')
  const [event] = new EventReader({ file: 'binlog.000001' }).push(bytes)
  const closed = Buffer.from(event!.bytes)
  clearInUse(closed)
  expect(closed.length - [...closed].filter((byte, i) => byte === bytes[4 + i]).length).toBe(1)
  expect(() =>
    new EventReader({ file: 'binlog.000001' }).push(Buffer.concat([bytes.subarray(0, 4), closed])),
  ).not.toThrow()
})

test('a file without previous GTIDs has a head all the same', () => {
  const log = new LogBuilder().query('DROP TABLE a')
  expect(headOf(log.bytes)).toMatchObject({ previousGtids: undefined, bytes: new LogBuilder().length })
  const builder = new FileHeadBuilder('binlog.000001')
  expect(() => builder.end()).toThrow(expect.objectContaining({ code: 'TruncatedBinlog' }))
  expect(builder.add(new EventReader({ file: 'binlog.000001' }).push(new LogBuilder().bytes)[0]!)).toBeUndefined()
  expect(builder.end()).toMatchObject({ previousGtids: undefined, bytes: new LogBuilder().length })
})

test.each([
  ['a list longer than its event', new LogBuilder('mariadb').add(EventType.GtidList, Buffer.from([5, 0, 0, 0]))],
  ['a set longer than its event', new LogBuilder().add(EventType.PreviousGtids, Buffer.alloc(8, 1).fill(0, 7))],
  ['an interval that ends before it begins', new LogBuilder().add(EventType.PreviousGtids, set(5n, 5n))],
])('%s is an error', (_title, log) => {
  expect(() => headOf(log.bytes)).toThrow(expect.objectContaining({ code: 'CorruptBinlog' }))
})

function set(first: bigint, end: bigint): Buffer {
  const bytes = Buffer.alloc(8 + 16 + 8 + 16)
  bytes[0] = 1
  bytes[24] = 1
  bytes.writeBigUInt64LE(first, 32)
  bytes.writeBigUInt64LE(end, 40)
  return bytes
}
