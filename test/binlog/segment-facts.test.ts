import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { readFileHead } from '../../src/binlog/file-head.ts'
import { LogTally } from '../../src/binlog/log-tally.ts'
import { SegmentFactsBuilder } from '../../src/binlog/segment-facts.ts'
import type { SegmentFacts } from '../../src/binlog/segment-facts.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import { fixture, FIXTURES, LogBuilder } from './support.ts'

function factsOf(bytes: Buffer): SegmentFacts | undefined {
  const file = 'binlog.000001'
  const events = new EventReader({ file }).push(bytes)
  const { fileId, format, previousGtids } = readFileHead(file, events)!
  const facts = new SegmentFactsBuilder({ file, fileId, flavor: format.flavor, gtidsBefore: previousGtids })
  const transactions = new TransactionReader({ file })
  for (const event of events) facts.add(event, transactions.push(event), transactions.atBoundary)
  return facts.take()
}

test('of a whole file of MySQL', () => {
  const facts = factsOf(fixture('mysql-full.000001'))
  expect(facts).toMatchObject({
    to: 13904,
    end: 'rotate',
    gtidsAfter: 'b693ac0c-e58d-11f1-a9ad-02fc00000001:1-30:mytag:1',
    counts: { transactions: 31, rowEvents: 21, rows: 53 },
    first: { gtid: 'b693ac0c-e58d-11f1-a9ad-02fc00000001:1', start: { file: 'binlog.000001', offset: 158 } },
    last: { gtid: 'b693ac0c-e58d-11f1-a9ad-02fc00000001:30', end: { offset: 13860 } },
    obstacles: [{ offset: 12413, reason: 'LOAD DATA logged as a statement' }],
  })
  expect(facts?.minCommitTime?.toString()).toBe('2026-11-21T09:27:07.417848Z')
  expect(facts?.maxCommitTime?.toString()).toBe('2026-11-21T09:27:07.885617Z')
})

test('of a whole file of MariaDB', () => {
  expect(factsOf(fixture('mariadb-full.000001'))).toMatchObject({
    end: 'rotate',
    gtidsAfter: '0-4184853221-29,5-4184853221-1',
    counts: { transactions: 30, rowEvents: 18, rows: 56 },
  })
  expect(factsOf(fixture('mariadb-full.000002'))).toMatchObject({
    end: 'stop',
    gtidsAfter: '0-4184853221-30,5-4184853221-1',
  })
})

test('the last event is hashed as it is in the file, small or large', () => {
  for (const name of FIXTURES) {
    const bytes = fixture(name)
    const { to, lastEvent } = factsOf(bytes)!
    expect(to).toBe(bytes.length)
    expect(lastEvent.sha256).toBe(createHash('sha256').update(bytes.subarray(lastEvent.offset)).digest('hex'))
  }
  const large = new LogBuilder().query('DROP TABLE b').query(`DROP TABLE a /* ${'x'.repeat(9000)} */`).bytes
  const { lastEvent } = factsOf(large)!
  expect(lastEvent.sha256).toBe(createHash('sha256').update(large.subarray(lastEvent.offset)).digest('hex'))
})

test('end at the last boundary, whatever comes behind', () => {
  const log = new LogBuilder().query('DROP TABLE a')
  const { to, ...rest } = factsOf(log.bytes)!
  expect(factsOf(log.gtid(7).query('BEGIN').bytes)).toEqual({ to, ...rest })
})

test('GTIDs with gaps, of several sources, add up', () => {
  const log = new LogBuilder()
  const uuid = 'abababab-abab-abab-abab-abababababab'
  for (const number of [1, 2, 3, 7, 8, 5]) log.gtid(number).query('DROP TABLE a')
  const file = 'binlog.000001'
  const facts = new SegmentFactsBuilder({
    file,
    fileId: 'x',
    flavor: 'mysql',
    gtidsBefore: `${uuid}:4,11111111-1111-1111-1111-111111111111:9`,
  })
  const transactions = new TransactionReader({ file })
  for (const event of new EventReader({ file }).push(log.bytes))
    facts.add(event, transactions.push(event), transactions.atBoundary)
  expect(facts.take()?.gtidsAfter).toBe(`11111111-1111-1111-1111-111111111111:9,${uuid}:1-5:7-8`)
})

test('before any boundary there are none', () => {
  expect(new SegmentFactsBuilder({ file: 'binlog.000001', fileId: 'x', flavor: 'mysql' }).take()).toBeUndefined()
})

test('the tables of a range are all named or none, however many are asked for', () => {
  const touching = (tables: number): LogTally => {
    const changes = Array.from({ length: tables }, (_, i) => {
      return { database: 'shop', table: `table_${i}`.padEnd(60, '_'), inserted: 1, updated: 0, deleted: 0 }
    })
    const tally = new LogTally()
    tally.add({
      start: 4,
      end: 5,
      commitTime: new Timestamp(1, 'microsecond'),
      kind: 'row',
      changes,
      tablesKnown: true,
      rowEvents: tables,
      rows: tables,
    })
    return tally
  }
  const file = { file: 'binlog.000001', fileId: 'x' }
  expect(touching(1000).take(2 ** 20, file).touched.tables).toHaveLength(1000)
  expect(touching(2000).take(2 ** 20, file).touched.tables).toBeUndefined()
  const both = touching(1000)
  both.addAll(touching(2000))
  expect(both.take(2 ** 20, file).touched.tables).toBeUndefined()
})
