import { expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType, eventTypeName } from '../../src/binlog/event-type.ts'
import { fixture, FIXTURES, LogBuilder } from './support.ts'

test.each(FIXTURES)('the events of %s fill the file', (name) => {
  const bytes = fixture(name)
  const reader = new EventReader({ file: 'binlog.000001' })
  const events = reader.push(bytes)
  reader.end()
  expect(reader.position).toBe(bytes.length)
  expect(Buffer.concat([bytes.subarray(0, 4), ...events.map((event) => event.bytes)]).equals(bytes)).toBe(true)
  for (const [i, event] of events.entries()) expect(event.offset).toBe(i === 0 ? 4 : events[i - 1]!.end)
})

test('a format description tells version, flavor and checksum', () => {
  const formatOf = (name: (typeof FIXTURES)[number]) => {
    const reader = new EventReader({ file: 'binlog.000001' })
    reader.push(fixture(name))
    return reader.format
  }
  expect(formatOf('mysql-full.000001')).toMatchObject({ serverVersion: '9.7.4-2', flavor: 'mysql', checksum: 'crc32' })
  expect(formatOf('mysql-no-checksum.000001')).toMatchObject({ flavor: 'mysql', checksum: 'none' })
  expect(formatOf('mariadb-full.000001')).toMatchObject({ flavor: 'mariadb', checksum: 'crc32' })
  expect(formatOf('mariadb-no-checksum.000001')).toMatchObject({ flavor: 'mariadb', checksum: 'none' })
})

test('the checksum of a format description holds whether or not the in-use flag is set', () => {
  for (const name of ['mysql-killed.000001', 'mariadb-killed.000001'] as const) {
    const bytes = fixture(name)
    expect(bytes[21]).toBe(1)
    expect(new EventReader({ file: name }).push(bytes).length).toBeGreaterThan(10)
    bytes[21] = 0
    expect(new EventReader({ file: name }).push(bytes).length).toBeGreaterThan(10)
  }
})

test('a reader can begin inside a file', () => {
  const bytes = fixture('mysql-full.000001')
  const all = new EventReader({ file: 'binlog.000001' }).push(bytes)
  const { offset } = all[10]!
  const format = { serverVersion: '9.7.4', checksum: 'crc32' } as const
  const reader = new EventReader({ file: 'binlog.000001', start: { offset, format } })
  expect(reader.push(bytes.subarray(offset)).map((event) => event.offset)).toEqual(
    all.slice(10).map((event) => event.offset),
  )
})

test('offsets go on beyond 4 GiB, where the position in the header begins again', () => {
  const offset = 2 ** 32 - 40
  const bytes = new LogBuilder().add(EventType.Stop, '', { position: (offset + 23) % 2 ** 32 }).bytes
  const second = new LogBuilder().add(EventType.Stop, '', { position: (offset + 46) % 2 ** 32 }).bytes
  const format = { serverVersion: '9.7.4', checksum: 'crc32' } as const
  const reader = new EventReader({ file: 'binlog.000001', start: { offset, format } })
  expect(reader.push(bytes.subarray(-23))).toHaveLength(1)
  expect(reader.push(second.subarray(-23))).toHaveLength(1)
  expect(reader.position).toBe(2 ** 32 + 6)
})

test('an event that is wrong is an error that names file and offset', () => {
  const at = new LogBuilder().length
  expect(problemOf(new LogBuilder().add(EventType.Stop, '', { length: 18 }))).toMatchObject({
    code: 'CorruptBinlog',
    subject: `binlog.000001:${at}`,
    details: { file: 'binlog.000001', offset: at },
  })
  expect(problemOf(new LogBuilder().add(EventType.Stop, '', { length: 2 ** 31 }))).toMatchObject({
    code: 'CorruptBinlog',
  })
  expect(problemOf(new LogBuilder().add(EventType.Stop, '', { position: 77 }))).toMatchObject({ code: 'CorruptBinlog' })
  expect(problemOf(new LogBuilder().add(EventType.FormatDescription, ''))).toMatchObject({ code: 'CorruptBinlog' })
})

test('an event made up for replication is refused', () => {
  expect(problemOf(new LogBuilder().add(EventType.Rotate, '', { position: 0 }))).toMatchObject({
    code: 'UnsupportedEvent',
  })
  expect(problemOf(new LogBuilder('mariadb').add(EventType.Rotate, '', { position: 0 }))).toMatchObject({
    code: 'UnsupportedEvent',
  })
  expect(problemOf(new LogBuilder().add(EventType.Rotate, '', { flags: 0x20 }))).toMatchObject({
    code: 'UnsupportedEvent',
  })
})

test('an encrypted file is told from a damaged one', () => {
  const encrypted = new EventReader({ file: 'binlog.000001' })
  expect(() => encrypted.push(Buffer.from([0xfd, 0x62, 0x69, 0x6e, 1]))).toThrow(
    expect.objectContaining({ code: 'EncryptedBinlog' }),
  )
  const damaged = new EventReader({ file: 'binlog.000001' })
  expect(() => damaged.push(Buffer.from('#!/bin/sh'))).toThrow(expect.objectContaining({ code: 'CorruptBinlog' }))
  expect(problemOf(new LogBuilder('mariadb').add(EventType.StartEncryption, ''))).toMatchObject({
    code: 'EncryptedBinlog',
  })
})

test('another binlog version or checksum algorithm is refused', () => {
  const version3 = fixture('mysql-full.000001')
  version3.writeUInt16LE(3, 4 + 19)
  expect(() => new EventReader({ file: 'binlog.000001' }).push(version3)).toThrow(/version is 3, not 4/)
})

test('a type has a name', () => {
  expect(eventTypeName(EventType.GtidTagged)).toBe('GtidTagged')
  expect(eventTypeName(99)).toBe('type 99')
})

function problemOf(log: LogBuilder): unknown {
  try {
    new EventReader({ file: 'binlog.000001' }).push(log.bytes)
    return undefined
  } catch (error) {
    return error
  }
}
