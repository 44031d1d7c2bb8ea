import { describe, expect, test } from 'vitest'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'
import type { Transaction } from '../../src/binlog/transaction.ts'
import { fixture, LogBuilder, read } from './support.ts'

const UUID = 'abababab-abab-abab-abab-abababababab'

test('a compressed transaction too large to be looked into is passed over: the log goes on behind it', () => {
  const log = new LogBuilder()
    .gtid(1, 1_800_000_000_000_000)
    .add(EventType.TransactionPayload, payload(Buffer.alloc(9), 2 ** 30 + 1))
    .gtid(2, 1_800_000_000_000_001)
    .query('DROP TABLE orders')
  const { transactions } = read([log.bytes])
  expect(transactions).toMatchObject([
    {
      kind: 'row',
      commitTime: { epochMicroseconds: 1_800_000_000_000_000 },
      changes: [],
      tablesKnown: false,
      hidesStatement: true,
      obstacle: expect.stringContaining(`a compressed transaction of ${2 ** 30 + 1} bytes`),
    },
    { kind: 'ddl', statement: 'DROP TABLE orders', obstacle: undefined },
  ])
  expect(transactions[0]?.end).toBe(transactions[1]?.start)
})

describe('a recorded log of MySQL', () => {
  const { transactions } = read([fixture('mysql-full.000001')])
  const number = (n: number | string) => transactions.find(({ gtid }) => gtid?.endsWith(`:${n}`) === true)

  test('has a microsecond commit time and a GTID for each transaction', () => {
    expect(transactions).toHaveLength(31)
    expect(transactions.every(({ commitTime }) => commitTime.resolution === 'microsecond')).toBe(true)
    expect(number(1)?.commitTime.toString()).toBe('2026-11-21T09:27:07.417848Z')
    expect(number(1)?.gtid).toBe('b693ac0c-e58d-11f1-a9ad-02fc00000001:1')
  })

  test('has a tagged GTID', () => {
    expect(number('mytag:1')).toMatchObject({
      gtid: 'b693ac0c-e58d-11f1-a9ad-02fc00000001:mytag:1',
      kind: 'row',
      rows: 1,
    })
  })

  test('counts rows of each kind, savepoints rolled back left out', () => {
    expect(counts(number(3))).toEqual(['shop.t 3/0/0'])
    expect(counts(number(4))).toEqual(['shop.t 0/3/0'])
    expect(counts(number(5))).toEqual(['shop.t 0/0/1'])
    expect(counts(number(6))).toEqual(['shop.t 2/0/0'])
  })

  test('counts partial JSON updates, also in minimal images', () => {
    expect([10, 11, 12, 13].map((n) => counts(number(n)))).toEqual([
      ['shop.wide 0/1/0'],
      ['shop.wide 0/3/0'],
      ['shop.wide 0/2/0'],
      ['shop.wide 0/3/0'],
    ])
  })

  test('is looked into where it is compressed', () => {
    expect(counts(number(18))).toEqual(['shop.t 2/7/0'])
    expect(number(18)).toMatchObject({ kind: 'row', rowEvents: 2, rows: 9, start: 9224, end: 9551 })
  })

  test('tells the kind of each transaction', () => {
    expect(number(1)).toMatchObject({ kind: 'ddl', statement: 'CREATE DATABASE shop', changes: [{ database: 'shop' }] })
    expect(number(17)).toMatchObject({ kind: 'row', statement: "INSERT INTO t (v) VALUES ('rq')" })
    expect([19, 20, 21].map((n) => number(n)?.kind)).toEqual(['xa', 'xa', 'xa'])
    expect([22, 23, 24].map((n) => number(n)?.kind)).toEqual(['statement', 'statement', 'statement'])
    expect(number(22)).toMatchObject({ tablesKnown: false, changes: [{ database: 'shop', table: 't' }] })
    expect(number(27)).toMatchObject({ kind: 'statement', obstacle: 'LOAD DATA logged as a statement' })
    expect(number(28)).toMatchObject({ kind: 'mixed', rows: 13, tablesKnown: true })
    expect(counts(number(29))).toEqual(['shop.sel 0/0/0', 'shop.sel2 0/0/0'])
  })

  test('lies back to back, but for events outside of transactions', () => {
    for (const [i, { start }] of transactions.entries()) expect(start).toBe(i === 0 ? 158 : transactions[i - 1]!.end)
  })
})

describe('a recorded log of MariaDB', () => {
  const { transactions } = read([fixture('mariadb-full.000001')])
  const number = (n: number) => transactions.find(({ gtid }) => gtid === `0-4184853221-${n}`)

  test('has whole seconds and GTIDs, also of another domain', () => {
    expect(transactions).toHaveLength(30)
    expect(number(1)?.commitTime.toString()).toBe('2026-11-21T09:27:16Z')
    expect(transactions.map(({ gtid }) => gtid)).toContain('5-4184853221-1')
  })

  test('counts compressed row events', () => {
    expect([14, 15, 16].map((n) => counts(number(n)))).toEqual([['shop.t 6/0/0'], ['shop.t 0/10/0'], ['shop.t 0/0/4']])
  })

  test('reads compressed statements', () => {
    expect(number(17)).toMatchObject({ kind: 'ddl', changes: [{ database: 'shop', table: 'comp' }] })
    expect(number(17)?.statement).toMatch(/^CREATE TABLE comp \(id INT PRIMARY KEY, v VARCHAR\(10\) COMMENT 'ccc/)
  })

  test('tells the kind of each transaction', () => {
    expect([18, 19, 20].map((n) => number(n)?.kind)).toEqual(['xa', 'xa', 'row'])
    expect(number(26)?.obstacle).toBe('LOAD DATA logged as a statement')
    expect(number(27)).toMatchObject({ kind: 'mixed', rows: 12 })
  })
})

describe('row events are all of a transaction', () => {
  const rows = (log: LogBuilder) =>
    log
      .add(EventType.TableMap, tableMap([3], []))
      .add(EventType.WriteRowsV1, Buffer.from([9, 0, 0, 0, 0, 0, 1, 0, 1, 0xff, 0, 1, 0, 0, 0]))
  const obstacle = (log: LogBuilder) => read([log.bytes]).transactions[0]?.rowsObstacle
  const begun = () => rows(new LogBuilder().gtid(1).query('BEGIN'))
  const xid = Buffer.alloc(8)

  test('unless there is more to replay', () => {
    expect(obstacle(begun().add(EventType.Xid, xid))).toBeUndefined()
    expect(obstacle(begun().query('SAVEPOINT `s`').add(EventType.Xid, xid))).toBeUndefined()
    expect(obstacle(begun().query('COMMIT'))).toBe('a table that is not transactional')
    expect(obstacle(begun().query('ROLLBACK'))).toBe('a rollback')
    expect(obstacle(rows(begun().query('SAVEPOINT `s`')).query('ROLLBACK TO `s`').add(EventType.Xid, xid))).toBe(
      'a rollback',
    )
    expect(obstacle(begun().query('INSERT INTO a VALUES (1)').add(EventType.Xid, xid))).toBe(
      'statements beside its row events',
    )
    expect(obstacle(begun().add(EventType.Incident, Buffer.from([1, 0, 0])))).toContain('incident')
    expect(obstacle(new LogBuilder().gtid(1).query('DROP TABLE a'))).toBe('a definition')
  })

  test('in recorded logs where nothing but rows of InnoDB tables changed', () => {
    for (const name of ['mysql-full.000001', 'mariadb-full.000001'] as const) {
      const { transactions } = read([fixture(name)])
      const all = transactions.filter(({ rowsObstacle }) => rowsObstacle === undefined)
      expect(all.length).toBeGreaterThan(12)
      expect(all.every(({ kind, obstacle }) => kind === 'row' && obstacle === undefined)).toBe(true)
      expect(transactions.filter(({ kind, obstacle }) => kind === 'row' && obstacle === undefined)).toEqual(all)
    }
  })
})

test('an update of MariaDB without all columns of the new row is an obstacle: it may have been a REPLACE', () => {
  const obstacles = (name: 'mysql-full.000001' | 'mariadb-full.000001') =>
    read([fixture(name)]).transactions.filter(({ obstacle }) => obstacle?.includes('binlog_row_image') === true)
  const updates = obstacles('mariadb-full.000001').map(({ statement }) => statement)
  expect(updates).not.toEqual([])
  expect(updates.filter((statement) => statement?.startsWith('UPDATE ') !== true)).toEqual([])
  expect(obstacles('mysql-full.000001')).toEqual([])
})

test('the commit time of MariaDB is that of the event that ends the transaction', () => {
  const log = new LogBuilder('mariadb')
    .mariadbGtid(1n, 0)
    .add(EventType.Xid, Buffer.alloc(8), { timestamp: 1_800_000_005 })
  expect(read([log.bytes]).transactions[0]).toMatchObject({ gtid: '0-1-1', kind: 'empty' })
  expect(read([log.bytes]).transactions[0]?.commitTime.epochMicroseconds).toBe(1_800_000_005_000_000)
})

test.each([
  { name: 'took seconds', timestamp: 1_800_000_000, secondsRun: 5, second: 1_800_000_005 },
  { name: 'was forged into the past', timestamp: 1_000_000_000, secondsRun: 800_000_005, second: 1_800_000_005 },
  {
    name: 'was forged into the future',
    timestamp: 1_900_000_000,
    secondsRun: 2 ** 32 - 100_000_000,
    second: 1_800_000_000,
  },
])(
  'the commit time of a statement is when it was logged, also when its time $name',
  ({ timestamp, secondsRun, second }) => {
    const ddl = new LogBuilder('mariadb').mariadbGtid(1n, 1).query('DROP TABLE a', { timestamp, secondsRun })
    expect(read([ddl.bytes]).transactions[0]?.commitTime.epochMicroseconds).toBe(second * 1_000_000)
    const commit = new LogBuilder('mariadb').mariadbGtid(1n, 0).query('COMMIT', { timestamp, secondsRun })
    expect(read([commit.bytes]).transactions[0]?.commitTime.epochMicroseconds).toBe(second * 1_000_000)
  },
)

test('GTID numbers and commit times are exact to their limits', () => {
  const largest = new LogBuilder()
    .gtid(2 ** 53 + 2, 2 ** 53 - 1)
    .query('BEGIN')
    .query('COMMIT')
  expect(read([largest.bytes]).transactions[0]?.gtid).toBe(`${UUID}:${2 ** 53 + 2}`)
  expect(read([largest.bytes]).transactions[0]?.commitTime.epochMicroseconds).toBe(2 ** 53 - 1)
})

test('without GTIDs and commit timestamps a transaction is from BEGIN to its end', () => {
  const log = new LogBuilder().query('BEGIN').query('INSERT INTO a VALUES (1)').query('COMMIT').query('DROP TABLE a')
  expect(read([log.bytes]).transactions).toMatchObject([
    { kind: 'statement', gtid: undefined, commitTime: { resolution: 'second' } },
    { kind: 'ddl', statement: 'DROP TABLE a' },
  ])
})

test('ROLLBACK TO a savepoint does not end a transaction, ROLLBACK does', () => {
  const log = new LogBuilder().gtid(1).query('BEGIN').query('SAVEPOINT `a`').query('ROLLBACK TO `a`').query('ROLLBACK')
  expect(read([log.bytes]).transactions).toMatchObject([{ kind: 'empty', gtid: `${UUID}:1` }])
})

test('an incident is an obstacle, inside a transaction and outside', () => {
  const log = new LogBuilder()
    .add(EventType.Incident, Buffer.from([1, 0, 0]))
    .gtid(1)
    .add(EventType.Incident, Buffer.from([1, 0, 0]))
  expect(read([log.bytes]).transactions).toMatchObject([
    { gtid: undefined, obstacle: expect.stringContaining('incident') },
    { gtid: `${UUID}:1`, obstacle: expect.stringContaining('incident') },
  ])
})

test('the boundary stays behind the last complete transaction while one is open', () => {
  const log = new LogBuilder().gtid(1).query('BEGIN').query('COMMIT')
  const complete = log.length
  const { file, reader, events } = opened(log.gtid(2).query('BEGIN'))
  for (const event of events) reader.push(event)
  expect(reader).toMatchObject({ boundary: complete, atBoundary: false })
  expect(() => reader.end()).toThrow(
    expect.objectContaining({
      code: 'TruncatedBinlog',
      subject: `${file}:${complete}`,
      message: expect.stringContaining(`${UUID}:2`),
    }),
  )
})

test('an unknown event is an error unless it says it may be ignored', () => {
  const begun = () => new LogBuilder().gtid(1).query('BEGIN')
  expect(read([begun().add(99, 'x', { flags: 0x80 }).query('COMMIT').bytes]).transactions).toHaveLength(1)
  expect(() => read([begun().add(99, 'x').bytes])).toThrow(expect.objectContaining({ code: 'UnsupportedEvent' }))
  expect(() => read([begun().add(EventType.Heartbeat, 'x').bytes])).toThrow(
    expect.objectContaining({ code: 'UnsupportedEvent' }),
  )
})

test.each([
  ['a COMMIT without a transaction', new LogBuilder().query('COMMIT'), 'CorruptBinlog'],
  ['a Xid without a transaction', new LogBuilder().add(EventType.Xid, Buffer.alloc(8)), 'CorruptBinlog'],
  ['a GTID inside a transaction', new LogBuilder().gtid(1).query('BEGIN').gtid(2), 'CorruptBinlog'],
  ['a BEGIN inside a transaction', new LogBuilder().gtid(1).query('BEGIN').query('BEGIN'), 'CorruptBinlog'],
  [
    'a row event without a table map',
    new LogBuilder().gtid(1).query('BEGIN').add(EventType.WriteRows, Buffer.alloc(20)),
    'CorruptBinlog',
  ],
  ['a table map outside of a transaction', new LogBuilder().add(EventType.TableMap, Buffer.alloc(20)), 'CorruptBinlog'],
  [
    'a row event outside of a transaction',
    new LogBuilder().add(EventType.WriteRows, Buffer.alloc(20)),
    'CorruptBinlog',
  ],
  [
    'a rotation inside a transaction',
    new LogBuilder().gtid(1).query('BEGIN').add(EventType.Rotate, Buffer.alloc(12)),
    'TruncatedBinlog',
  ],
  ['a Query too short for its fields', new LogBuilder().add(EventType.Query, Buffer.alloc(5)), 'CorruptBinlog'],
  [
    'a Query with more status variables than bytes',
    new LogBuilder().add(EventType.Query, Buffer.alloc(20, 200)),
    'CorruptBinlog',
  ],
  ['a GTID too short', new LogBuilder().add(EventType.Gtid, Buffer.alloc(10)), 'CorruptBinlog'],
  [
    'a tagged GTID of an unknown serialization',
    new LogBuilder().add(EventType.GtidTagged, Buffer.alloc(10, 4)),
    'UnsupportedEvent',
  ],
  [
    'a payload without its size',
    new LogBuilder().gtid(1).add(EventType.TransactionPayload, Buffer.from([0, 1, 2])),
    'CorruptBinlog',
  ],
  [
    'a payload that is no zstd',
    new LogBuilder().gtid(1).add(EventType.TransactionPayload, payload(Buffer.alloc(9), 50)),
    'CorruptBinlog',
  ],
])('%s is an error', (_title, log, code) => {
  expect(() => read([log.bytes])).toThrow(expect.objectContaining({ code }))
})

test('a column type that is not known is an error, never a guess', () => {
  const map = tableMap([3, 20], [])
  expect(() => read([new LogBuilder().gtid(1).query('BEGIN').add(EventType.TableMap, map).bytes])).toThrow(
    expect.objectContaining({
      code: 'UnsupportedEvent',
      message: expect.stringContaining('column 2 of shop.t has the unknown type 20'),
    }),
  )
})

test('row images must fill their event exactly', () => {
  const log = (rows: number[]) =>
    new LogBuilder()
      .gtid(1)
      .query('BEGIN')
      .add(EventType.TableMap, tableMap([3, 15], [100, 0]))
      .add(EventType.WriteRowsV1, Buffer.from([9, 0, 0, 0, 0, 0, 1, 0, 2, 0xff, ...rows]))
      .query('COMMIT')
  expect(read([log([0xfc, 1, 0, 0, 0, 1, 97]).bytes]).transactions[0]?.rows).toBe(1)
  expect(read([log([0xfe, 1, 0, 0, 0]).bytes]).transactions[0]?.rows).toBe(1)
  expect(read([log([0xff, 0xff]).bytes]).transactions[0]?.rows).toBe(2)
  for (const rows of [
    [0xfc, 1, 0, 0, 0, 2, 97],
    [0xfc, 1, 0, 0],
    [0xfe, 1, 0, 0],
    [0xfc, 1, 0, 0, 0, 1, 97, 0],
  ]) {
    expect(() => read([log(rows).bytes])).toThrow(expect.objectContaining({ code: 'CorruptBinlog' }))
  }
})

test('old temporal types and their neighbours have the sizes they always had', () => {
  // TIMESTAMP, DATETIME, TIME, DATE, YEAR, INT24, SMALLINT, TINYINT: without NULLs 4 + 8 + 3 + 3 + 1 + 3 + 2 + 1 bytes.
  const log = new LogBuilder()
    .gtid(1)
    .query('BEGIN')
    .add(EventType.TableMap, tableMap([7, 12, 11, 10, 13, 9, 2, 1], []))
    .add(EventType.DeleteRowsV1, Buffer.concat([Buffer.from([9, 0, 0, 0, 0, 0, 1, 0, 8, 0xff, 0]), Buffer.alloc(25)]))
    .query('COMMIT')
  expect(counts(read([log.bytes]).transactions[0])).toEqual(['shop.t 0/0/1'])
})

function opened(log: LogBuilder) {
  const file = 'binlog.000001'
  return { file, reader: new TransactionReader({ file }), events: new EventReader({ file }).push(log.bytes) }
}

function counts(transaction: Transaction | undefined): string[] | undefined {
  return transaction?.changes.map(
    ({ database, table, inserted, updated, deleted }) => `${database}.${table} ${inserted}/${updated}/${deleted}`,
  )
}

function tableMap(types: readonly number[], metadata: readonly number[]): Buffer {
  const names = Buffer.from('\x04shop\0\x01t\0', 'latin1')
  const columns = Buffer.from([types.length, ...types, metadata.length, ...metadata, 0xff])
  return Buffer.concat([Buffer.from([9, 0, 0, 0, 0, 0, 1, 0]), names, columns])
}

function payload(bytes: Buffer, claimed: number): Buffer {
  const size = Buffer.alloc(9)
  size[0] = 254
  size.writeBigUInt64LE(BigInt(claimed), 1)
  return Buffer.concat([Buffer.from([2, 1, 0, 3, 9]), size, Buffer.from([1, 1, bytes.length, 0]), bytes])
}
