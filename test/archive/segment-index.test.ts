import fc from 'fast-check'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Archive } from '../../src/archive/archive.ts'
import { findTransactions } from '../../src/archive/find-transactions.ts'
import type { TransactionFilter } from '../../src/archive/find-transactions.ts'
import { parseSegmentIndex, serializeSegmentIndex } from '../../src/archive/manifests/segment-index.ts'
import type { SegmentIndex } from '../../src/archive/manifests/segment-index.ts'
import type { Transaction } from '../../src/binlog/transaction.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import type { LogBlock } from '../../src/image/log-block.ts'
import type { Segment } from '../../src/image/segment.ts'
import { TRANSACTION_KINDS } from '../../src/image/touched.ts'
import { fixture, FIXTURES, LogBuilder } from '../binlog/support.ts'
import { collect, contentOf } from '../storage/content.ts'
import { archiveLog } from '../support/archive-log.ts'
import type { ArchivedLog } from '../support/archive-log.ts'
import { countedArchive } from '../support/counted-archive.ts'
import type { CountedArchive } from '../support/counted-archive.ts'
import type { StorageCounts } from '../support/counting-storage.ts'
import { forgeIndex } from '../support/forge-index.ts'

const START = 1_800_000_000_000_000

let place: CountedArchive
let archive: Archive
let timelineId: string
let counts: StorageCounts
beforeEach(async () => {
  place = await countedArchive()
  ;({ archive, timelineId, counts } = place)
})
afterEach(async () => {
  await place[Symbol.asyncDispose]()
})

describe('a search by the index', () => {
  test('finds in recorded logs what reading every transaction finds', async () => {
    for (const [i, name] of FIXTURES.entries()) {
      const file = `binlog.${String(i + 1).padStart(6, '0')}`
      const log = await archiveLog(archive, timelineId, { file, bytes: fixture(name) }, { segmentBytes: 3000 })
      expect(log.segments.length).toBeLessThan(10)
      await expectSameAnswers(log, fc.sample(filtersOf(log.transactions), 60))
    }
  })

  test('finds in logs of any shape what reading every transaction finds', { timeout: 120_000 }, async () => {
    let number = 0
    await fc.assert(
      fc.asyncProperty(randomLog, fc.gen(), async (statements, gen) => {
        const file = `binlog.${String(++number).padStart(6, '0')}`
        const log = await archiveLog(archive, timelineId, { file, bytes: logOf(statements) })
        await expectSameAnswers(
          log,
          Array.from({ length: 12 }, () => gen(() => filtersOf(log.transactions))),
        )
      }),
      { numRuns: 25 },
    )
  })

  test('reads the blocks that can hold an answer, not the segment', async () => {
    const log = await archiveLog(archive, timelineId, { file: 'binlog.000001', bytes: largeLog })
    const [segment] = log.segments
    expect(segment?.blob.stored.bytes).toBeGreaterThan(2_500_000)
    counts.bytesRead = 0
    const found = await collect(findTransactions(archive, log.segments, { table: 'shop.accident' }))
    expect(found.map(({ statement }) => statement)).toEqual(['DROP TABLE accident'])
    expect(counts.bytesRead).toBeLessThan(1_500_000)
    counts.bytesRead = 0
    expect(await collect(findTransactions(archive, log.segments, { table: 'shop.nowhere' }))).toEqual([])
    expect(counts.bytesRead).toBeLessThan(20_000)
    counts.bytesRead = 0
    const at = new Timestamp(START + 2_000 * 1_000_000, 'microsecond')
    expect(await collect(findTransactions(archive, log.segments, { from: at, to: at }))).toHaveLength(1)
    expect(counts.bytesRead).toBeLessThan(1_500_000)
  })

  test('takes no more than 1 % of the log, and nothing when one block is all there is', async () => {
    const { segments } = await archiveLog(archive, timelineId, { file: 'binlog.000001', bytes: largeLog })
    const [large] = segments
    expect(large?.index?.bytes).toBeLessThan(largeLog.length / 100)
    const small = await archiveLog(archive, timelineId, { file: 'binlog.000002', bytes: fixture('mysql-full.000001') })
    expect(small.segments.map(({ index }) => index)).toEqual([undefined])
  })

  test('stays that small when every transaction touches other tables', async () => {
    const log = new LogBuilder()
    for (let i = 0; i < 3000; i++) log.gtid(i + 1, START + i).query(`DROP TABLE ${unique(i)}, ${unique(-i)}`)
    const { segments } = await archiveLog(archive, timelineId, { file: 'binlog.000001', bytes: log.bytes })
    const [segment] = segments
    expect(segment?.touched).toEqual({ kinds: ['ddl'], tables: undefined })
    expect(segment?.index?.bytes).toBeLessThan(log.length / 100)
    const found = await collect(findTransactions(archive, segments, { table: `shop.${unique(77)}` }))
    expect(found).toHaveLength(1)
  })
})

describe('a damaged or forged index', () => {
  let segment: Segment
  let index: SegmentIndex
  beforeEach(async () => {
    const { segments } = await archiveLog(archive, timelineId, { file: 'binlog.000001', bytes: largeLog })
    segment = segments[0]!
    index = (await archive.readSegmentIndex(segment))!
  })

  test('any changed byte of it is found, and the search ends with the name of the object', async () => {
    const path = join(place.path, segment.blob.key)
    const stored = await readFile(path)
    for (let i = 1; i <= 40; i++) {
      const at = stored.length - Math.ceil((i * segment.index!.bytes) / 40)
      const changed = Buffer.from(stored)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      await writeFile(path, changed)
      await expect(collect(findTransactions(archive, [segment], { table: 'shop.accident' }))).rejects.toMatchObject({
        code: 'ChecksumMismatch',
        subject: segment.blob.key,
      })
    }
  })

  test('a changed byte of a block that is read is found', async () => {
    const path = join(place.path, segment.blob.key)
    const stored = await readFile(path)
    const at = index.frames.slice(0, 2).reduce((sum, { storedBytes }) => sum + storedBytes, 5000)
    stored[at] = (stored[at] ?? 0) ^ 0x10
    await writeFile(path, stored)
    const everything = { from: new Timestamp(START + 1, 'microsecond') }
    await expect(collect(findTransactions(archive, [segment], everything))).rejects.toMatchObject({
      code: 'ChecksumMismatch',
      subject: segment.blob.key,
    })
  })

  test('one that does not fit its segment is not used', () => {
    const { blocks, frames } = index
    const [first, second, ...others] = blocks as [LogBlock, LogBlock, ...LogBlock[]]
    const later = new Timestamp(START + 1_000_000_000_000, 'microsecond')
    const forged: SegmentIndex[] = [
      { frames, blocks: [] },
      { frames, blocks: [second, ...others] },
      { frames, blocks: [first, ...others] },
      { frames, blocks: blocks.slice(0, -1) },
      { frames, blocks: [second, first, ...others] },
      { frames, blocks: [{ ...first, to: first.from }, { ...second, from: first.from }, ...others] },
      { frames, blocks: [{ ...first, counts: { ...first.counts, transactions: 0 } }, second, ...others] },
      { frames, blocks: [{ ...first, counts: { ...first.counts, rows: 77 } }, second, ...others] },
      { frames, blocks: [{ ...first, minCommitTime: later }, second, ...others] },
      { frames, blocks: [{ ...first, maxCommitTime: later }, second, ...others] },
      { frames, blocks: blocks.map((block) => ({ ...block, touched: { kinds: ['row' as const] } })) },
      { frames: frames.slice(1), blocks },
      { frames: frames.map((frame) => ({ ...frame, storedBytes: frame.storedBytes + 1 })), blocks },
    ]
    const parse = (each: SegmentIndex) => parseSegmentIndex(serializeSegmentIndex(each), segment)
    expect(JSON.stringify(parse(index))).toBe(JSON.stringify(index))
    for (const each of forged) expect(() => parse(each)).toThrow(expect.objectContaining({ code: 'CorruptManifest' }))
    for (const bytes of [Buffer.alloc(0), Buffer.from('{}'), largeLog.subarray(0, 1000)]) {
      expect(() => parseSegmentIndex(bytes, segment)).toThrow(expect.objectContaining({ code: 'CorruptManifest' }))
    }
  })

  test('one that counts other transactions in a block than there are is noticed when the block is read', async () => {
    const [first, second, ...others] = index.blocks as [LogBlock, LogBlock, ...LogBlock[]]
    const move = ({ counts }: LogBlock, by: number) => ({ ...counts, transactions: counts.transactions + by })
    const blocks = [{ ...first, counts: move(first, -1) }, { ...second, counts: move(second, 1) }, ...others]
    const forged = await forgeIndex(place.path, segment, { ...index, blocks })
    const filter = { to: first.maxCommitTime! }
    await expect(collect(findTransactions(archive, [forged], filter))).rejects.toMatchObject({
      code: 'CorruptManifest',
      subject: segment.blob.key,
    })
  })
})

test.each<TransactionFilter>([
  { table: '' },
  { table: '.orders' },
  { table: 'shop.' },
  { from: '2026-11-21T10:00:00.000001Z', to: '2026-11-21T10:00:00Z' },
])('a search for %j, which nothing can fit, is refused', async (filter) => {
  await expect(collect(findTransactions(archive, [], filter))).rejects.toMatchObject({ code: 'InvalidArgument' })
})

async function expectSameAnswers(log: ArchivedLog, filters: readonly TransactionFilter[]): Promise<void> {
  for (const filter of filters) {
    const found = await collect(findTransactions(archive, log.segments, filter))
    const expected = log.transactions.filter((transaction) => isWanted(transaction, filter))
    expect(found.map(({ start }) => start.offset)).toEqual(expected.map(({ start }) => start))
  }
}

// Written anew, from what the documentation of the filter says.
function isWanted(transaction: Transaction, { from, to, table, kind }: TransactionFilter): boolean {
  const time = transaction.commitTime.epochMicroseconds
  if (from instanceof Timestamp && time < from.epochMicroseconds) return false
  if (to instanceof Timestamp && time > to.epochMicroseconds) return false
  if (kind !== undefined && kind !== transaction.kind) return false
  if (table === undefined) return true
  const [database, name] = table.split('.')
  const isNamed = transaction.changes.some(
    (change) =>
      change.database === database && (name === undefined || change.table === undefined || change.table === name),
  )
  return isNamed || (!transaction.tablesKnown && transaction.statement?.includes(name ?? table) === true)
}

/** Filters around what is there: a random one would find nothing. */
function filtersOf(transactions: readonly Transaction[]): fc.Arbitrary<TransactionFilter> {
  const times = transactions.map(({ commitTime }) => commitTime)
  const names = transactions.flatMap(({ changes }) =>
    changes.flatMap(({ database, table }) => [database, `${database}.${table ?? 'x'}`]),
  )
  const time = fc.constantFrom(...times, new Timestamp(START - 1, 'microsecond'))
  const filters = fc.record(
    {
      from: time,
      to: time,
      table: fc.constantFrom(...names.filter((name) => /^[^.]+(\.|$)/.test(name)), 'nowhere', 'no.where'),
      kind: fc.constantFrom(...TRANSACTION_KINDS),
    },
    { requiredKeys: [] },
  )
  return filters.filter(({ from, to }) => from === undefined || to === undefined || from.compare(to) <= 0)
}

interface Statement {
  readonly sql: string
  readonly database: string
  readonly step: number
  readonly padding: number
}

const table = fc.integer({ min: 0, max: 30 }).map((number) => `t${number}`)
const statement = fc.record({
  sql: fc.oneof(
    { weight: 6, arbitrary: table.map((name) => `DROP TABLE ${name}`) },
    { weight: 2, arbitrary: fc.tuple(table, table).map(([a, b]) => `RENAME TABLE ${a} TO other.${b}`) },
    { weight: 1, arbitrary: table.map((name) => `INSERT INTO ${name} VALUES (1)`) },
    { weight: 1, arbitrary: fc.constantFrom('DROP DATABASE shop', 'CREATE DATABASE other') },
    { weight: 1, arbitrary: table.map((name) => `GARBLE ${name}`) },
    { weight: 1, arbitrary: fc.constant('GRANT SELECT ON *.* TO a') },
  ),
  database: fc.constantFrom('shop', 'other', ''),
  // The clock steps back now and then.
  step: fc.oneof({ weight: 9, arbitrary: fc.nat(1000) }, { weight: 1, arbitrary: fc.integer({ min: -3000, max: 0 }) }),
  padding: fc.oneof(
    { weight: 9, arbitrary: fc.nat(3000) },
    { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 300_000 }) },
  ),
})
const randomLog = fc.array(statement, { minLength: 1, maxLength: 120, size: 'max' })

function logOf(statements: readonly Statement[]): Buffer {
  const log = new LogBuilder()
  let time = START
  for (const [i, { sql, database, step, padding }] of statements.entries()) {
    log.gtid(i + 1, (time += step)).query(`${sql} /* ${'x'.repeat(padding)} */`, { database })
  }
  return log.bytes
}

const largeLog = makeLargeLog()

/** 4,000 transactions, one a second, of text that does not compress. */
function makeLargeLog(): Buffer {
  const log = new LogBuilder()
  const text = contentOf('large log', 4000 * 800)
  for (let i = 0; i < 4000; i++) {
    const value = text.toString('base64', i * 800, (i + 1) * 800)
    const sql = i === 2500 ? 'DROP TABLE accident' : `ALTER TABLE t${i % 7} COMMENT '${value}'`
    log.gtid(i + 1, START + i * 1_000_000).query(sql)
  }
  return log.bytes
}

function unique(number: number): string {
  return `table_with_a_long_name_of_its_own_${number < 0 ? 'b' : 'a'}${Math.abs(number)}`
}
