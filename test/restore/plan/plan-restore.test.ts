import { expect, test } from 'vitest'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { parseGtidSet } from '../../../src/coordinates/parse-gtid-set.ts'
import type { Segment } from '../../../src/image/segment.ts'
import type { TimelineFacts } from '../../../src/image/timeline-facts.ts'
import type { RestoreTarget } from '../../../src/image/restore-target.ts'
import type { PlanOptions, TransactionName } from '../../../src/restore/plan/plan-options.ts'
import { locateTarget } from '../../../src/restore/plan/locate-target.ts'
import { segmentOf } from '../../../src/restore/plan/log-span.ts'
import { LogView } from '../../../src/restore/plan/log-view.ts'
import { planRestore } from '../../../src/restore/plan/plan-restore.ts'
import { readSkipOptions } from '../../../src/restore/plan/skip-options.ts'
import { at, facts, image, segment } from '../../image/facts.ts'

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'

function transaction(number: number, start: number, second: number, more: Partial<Transaction> = {}): Transaction {
  return {
    start,
    end: start + 50,
    gtid: `${UUID}:${number}`,
    commitTime: at(second),
    kind: 'row',
    changes: [{ database: 'shop', table: 'orders', inserted: 2, updated: 0, deleted: 0 }],
    tablesKnown: true,
    rowEvents: 1,
    rows: 2,
    ...more,
  }
}

/** A segment that holds these transactions; the GTIDs go on from the first one's number. */
function holding(part: Segment, transactions: readonly Transaction[]): Segment {
  const times = transactions.map(({ commitTime }) => commitTime).toSorted((a, b) => a.compare(b))
  const refs = transactions.map(({ start, end, gtid, commitTime }) => ({
    fileId: part.fileId,
    start: { file: part.file, offset: start },
    end: { file: part.file, offset: end },
    gtid,
    commitTime,
  }))
  const number = Number(transactions[0]?.gtid?.split(':')[1])
  const executed = (last: number) => (last === 0 ? '' : `${UUID}:1-${last}`)
  return {
    ...part,
    counts: { transactions: transactions.length, rowEvents: transactions.length, rows: 2 * transactions.length },
    first: refs[0],
    last: refs.at(-1),
    minCommitTime: times[0],
    maxCommitTime: times.at(-1),
    gtidsBefore: executed(number - 1),
    gtidsAfter: executed(number - 1 + transactions.length),
  }
}

const ACCOUNTS = [{ database: 'mysql', inserted: 0, updated: 0, deleted: 0 }]
const FIRST = [transaction(1, 157, 5), transaction(2, 207, 10)]
const SECOND = [
  transaction(3, 157, 20),
  transaction(4, 207, 30, { kind: 'ddl', statement: 'DROP TABLE\n  `orders`' }),
  transaction(5, 257, 40, { kind: 'ddl', statement: "CREATE USER joe IDENTIFIED BY 'secret'", changes: ACCOUNTS }),
]
const LOG = [
  holding(segment(1, 0, 300, { end: 'rotate' }), FIRST),
  holding(segment(2, 0, 307, { previous: { fileId: 'id1', to: 300 } }), SECOND),
]
const DETAILS = new Map([
  [LOG[0]?.blob.key ?? '', FIRST],
  [LOG[1]?.blob.key ?? '', SECOND],
])
const COVERED = { coveredUntil: { time: at(50), fileId: 'id2', offset: 307 } }
const FACTS = facts([image('one', 1, 157, 1), image('two', 2, 157, 15)], LOG, COVERED)

function plan(
  target: RestoreTarget,
  known: TimelineFacts = FACTS,
  ambiguous?: 'first' | 'last',
  skip: readonly TransactionName[] = [],
) {
  const options = { archiveId: 'archive', ambiguous, skip }
  const log = LogView.of(known)
  const needed = locateTarget(log, target, options)
  const details = new Map(needed.map((span) => [span, DETAILS.get(segmentOf(span).blob.key) ?? []]))
  return planRestore(log.with(details), target, options)
}

const failure = (code: string, more: object = {}) => expect.objectContaining({ code, ...more })

test('a time stops before the first later transaction, and says what it did', () => {
  const made = plan({ kind: 'time', at: at(29) })
  expect(made.image.id).toBe('two')
  expect(made.stop).toEqual({ fileId: 'id2', position: { file: 'binlog.000002', offset: 207 } })
  expect(made.lastIncluded).toMatchObject({ gtid: `${UUID}:3`, tables: ['shop.orders'] })
  expect(made.firstExcluded).toMatchObject({ gtid: `${UUID}:4`, statement: 'DROP TABLE `orders`' })
  expect(made.bytes).toEqual({ backup: 100, binlog: 50 })
  expect(String(made.gtids?.after)).toBe(`${UUID}:1-3`)
})

test('at the image itself nothing is replayed, and its own file tells what was prepared by XA', () => {
  const made = plan({ kind: 'position', at: { file: 'binlog.000002', offset: 157 } })
  expect(made).toMatchObject({ image: { id: 'two' }, counts: { transactions: 0 }, start: made.stop })
  expect(made.segments.map(({ file, from }) => [file, from])).toEqual([['binlog.000002', 0]])
  // The end of the file before holds the same transactions.
  expect(plan({ kind: 'position', at: { file: 'binlog.000001', offset: 300 } }).image.id).toBe('two')
})

test('the image’s file is read from byte 0 on', () => {
  const { segments } = plan({ kind: 'latest' })
  expect(segments.map(({ file, from, to }) => [file, from, to])).toEqual([['binlog.000002', 0, 307]])
})

test('a time outside the window is refused with the nearest possible one', () => {
  expect(() => plan({ kind: 'time', at: at(0) })).toThrow(
    failure('TargetBeforeWindow', { message: expect.stringContaining('2026-11-21T10:15:01.000000Z') }),
  )
  expect(() => plan({ kind: 'time', at: at(51) })).toThrow(
    failure('TargetBeyondWindow', { message: expect.stringContaining('2026-11-21T10:15:50.000000Z') }),
  )
})

test('what is skipped is neither replayed nor executed, and the image lies before it', () => {
  const gtids = (text: string) => ({ gtidSet: parseGtidSet('mysql', text) })
  const images = [image('one', 1, 157, 1, gtids('')), image('two', 2, 157, 15, gtids(`${UUID}:1-2`))]
  const skipping = (...numbers: readonly number[]) =>
    plan(
      { kind: 'latest' },
      facts(images, LOG, COVERED),
      undefined,
      numbers.map((number) => `${UUID}:${number}`),
    )
  const third = skipping(3)
  expect(third).toMatchObject({ image: { id: 'two' }, counts: { transactions: 3 }, replayed: { transactions: 2 } })
  expect([String(third.gtids?.after), String(third.gtids?.replayed)]).toEqual([`${UUID}:1-5`, `${UUID}:4-5`])

  const second = skipping(4, 2)
  expect(second.skipped?.transactions.map(({ gtid }) => gtid)).toEqual([`${UUID}:2`, `${UUID}:4`])
  expect(second.image.id).toBe('one')
  expect(second.warnings.join()).toContain('Image two is nearer to the target')
  expect(String(second.gtids?.replayed)).toBe(`${UUID}:1:3:5`)

  expect(skipping(5).lastIncluded?.gtid).toBe(`${UUID}:4`)
  expect(skipping(3, 4, 5).lastIncluded?.gtid).toBe(`${UUID}:2`)
  expect(skipping(5).firstExcluded).toBeUndefined()
})

test('what would not be replayed anyway cannot be skipped', () => {
  const skip = (target: RestoreTarget, name: TransactionName, known = FACTS) => plan(target, known, undefined, [name])
  const notFound = failure('TransactionNotFound', { subject: `${UUID}:1` })
  const late = facts([image('two', 2, 157, 15)], LOG, COVERED)
  expect(() => skip({ kind: 'latest' }, `${UUID}:1`, late)).toThrow(notFound)
  expect(() => skip({ kind: 'transaction', gtid: `${UUID}:1`, side: 'before' }, `${UUID}:1`)).toThrow(notFound)
  expect(() => skip({ kind: 'latest' }, `${UUID}:9`)).toThrow(failure('TransactionNotFound', { subject: `${UUID}:9` }))
  const start = { file: 'binlog.000002', offset: 207 }
  expect(skip({ kind: 'latest' }, { start, gtid: `${UUID}:4` }).skipped?.transactions).toHaveLength(1)
  for (const other of [{ fileId: 'id1' }, { gtid: `${UUID}:3` }]) {
    expect(() => skip({ kind: 'latest' }, { start, ...other })).toThrow(failure('TransactionNotFound'))
  }
})

test('a position inside a transaction names its neighbours', () => {
  const details = expect.objectContaining({
    previous: { file: 'binlog.000002', offset: 207 },
    next: { file: 'binlog.000002', offset: 257 },
  })
  expect(() => plan({ kind: 'position', at: { file: 'binlog.000002', offset: 230 } })).toThrow(
    failure('NotABoundary', { details }),
  )
  const next = { file: 'binlog.000002', offset: 157 }
  expect(() => plan({ kind: 'position', at: { file: 'binlog.000001', offset: 301 } })).toThrow(
    failure('NotABoundary', {
      details: expect.objectContaining({ previous: { file: 'binlog.000001', offset: 300 }, next }),
    }),
  )
})

test.each([
  ['binlog.000002', 308, 'TargetBeyondWindow'],
  ['binlog.000003', 157, 'TargetBeyondWindow'],
  ['binlog.000000', 157, 'TargetBeforeWindow'],
  ['mysql-bin.000001', 157, 'InvalidPosition'],
])('a position in %s at %d is refused: %s', (file, offset, code) => {
  expect(() => plan({ kind: 'position', at: { file, offset } })).toThrow(failure(code))
})

test('a transaction that was executed before the archive began is told from one that never was', () => {
  const late = facts([image('two', 2, 157, 15)], LOG.slice(1), COVERED)
  const before: RestoreTarget = { kind: 'transaction', gtid: `${UUID}:2`, side: 'after' }
  expect(() => plan(before, late)).toThrow(
    failure('TransactionNotFound', { message: expect.stringContaining('before the first archived byte') }),
  )
  expect(() => plan({ kind: 'transaction', gtid: `${UUID}:9`, side: 'after' })).toThrow(
    failure('TransactionNotFound', { message: expect.stringContaining('not archived yet') }),
  )
  expect(() => plan({ kind: 'transaction', gtid: '0-1-1', side: 'after' })).toThrow(failure('InvalidGtid'))
})

test('a damaged image is passed over with a warning; damaged log is refused', () => {
  const made = plan({ kind: 'latest' }, { ...FACTS, damaged: [{ key: 'two/data', problem: 'missing' as const }] })
  expect(made.image.id).toBe('one')
  expect(made.warnings).toEqual([expect.stringContaining('Image two')])
  const all = { ...FACTS, damaged: ['two/data', 'one/data'].map((key) => ({ key, problem: 'missing' as const })) }
  expect(() => plan({ kind: 'latest' }, all)).toThrow(failure('ObjectMissing'))
  const log = { ...FACTS, damaged: [{ key: 'binlog.000002/0', problem: 'missing' as const }] }
  expect(() => plan({ kind: 'latest' }, log)).toThrow(failure('ObjectMissing', { subject: 'binlog.000002/0' }))
})

test('a log that ends before it was archived to is broken', () => {
  const cut = { ...FACTS, coveredUntil: { time: at(50), fileId: 'id2', offset: 400 } }
  expect(() => plan({ kind: 'latest' }, cut)).toThrow(
    failure('BrokenChain', {
      details: { missing: { file: 'binlog.000002', from: 307, toFile: 'binlog.000002', to: 400 } },
    }),
  )
})

test('an image whose position splits a transaction is refused', () => {
  const split = facts([image('one', 1, 180, 1)], LOG, COVERED)
  expect(() => plan({ kind: 'latest' }, split)).toThrow(
    failure('CorruptManifest', { subject: expect.stringContaining('one') }),
  )
})

test('planning without the details asked for is a mistake of the caller', () => {
  expect(() => planRestore(LogView.of(FACTS), { kind: 'time', at: at(29) }, { archiveId: 'a' })).toThrow(
    failure('InvalidArgument'),
  )
})

test('10,000 segments are planned reading a few', () => {
  const segments = Array.from({ length: 10_000 }, (_, i) => {
    const number = i + 1
    const previous = i === 0 ? undefined : { fileId: `id${i}`, to: 300 }
    return holding(segment(number, 0, 300, { previous, end: 'rotate' }), [transaction(number, 157, number)])
  })
  const many = facts([image('one', 1, 157, 0)], segments, {
    coveredUntil: { time: at(20_000), fileId: 'id10000', offset: 300 },
  })
  const started = performance.now()
  const log = LogView.of(many)
  const needed = locateTarget(log, { kind: 'time', at: at(9000) })
  expect(needed.length).toBeLessThan(6)
  const details = new Map(
    needed.map((span) => {
      const number = Number(span.last?.gtid?.split(':')[1])
      return [span, [transaction(number, 157, number)]] as const
    }),
  )
  const made = planRestore(log.with(details), { kind: 'time', at: at(9000) }, { archiveId: 'archive' })
  expect(made.counts.transactions).toBe(9000)
  // It takes a tenth of a second; the bound leaves room for a busy machine and still shows quadratic work.
  expect(performance.now() - started).toBeLessThan(5000)
})

test.each<[string, unknown]>([
  ['no list', 'GTID'],
  ['no name', [null]],
  ['an offset as text', [{ start: { file: 'binlog.000001', offset: '4' } }]],
  ['a GTID that is no text', [{ start: { file: 'binlog.000001', offset: 4 }, gtid: 5 }]],
])('skip that is %s is InvalidArgument', (_, skip) => {
  expect(() => readSkipOptions({ skip: skip as PlanOptions['skip'] })).toThrow(
    expect.objectContaining({ code: 'InvalidArgument', subject: 'skip' }),
  )
})
