import fc from 'fast-check'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Archive } from '../../src/archive/archive.ts'
import { findTransactions } from '../../src/archive/find-transactions.ts'
import type { SegmentIndex } from '../../src/archive/manifests/segment-index.ts'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import { readFileHead } from '../../src/binlog/file-head.ts'
import type { Transaction } from '../../src/binlog/transaction.ts'
import { parseGtidSet } from '../../src/coordinates/parse-gtid-set.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import { PitrError } from '../../src/errors.ts'
import type { LogBlock } from '../../src/image/log-block.ts'
import type { RestorePlan } from '../../src/image/restore-plan.ts'
import type { RestoreTarget } from '../../src/image/restore-target.ts'
import type { Segment } from '../../src/image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../src/image/timeline-facts.ts'
import { verifyLog } from '../../src/restore/log/verify-log.ts'
import { makePlan } from '../../src/restore/make-plan.ts'
import { LogView } from '../../src/restore/plan/log-view.ts'
import { planRestore } from '../../src/restore/plan/plan-restore.ts'
import { FRAME_BYTES } from '../../src/storage/frames.ts'
import { fixture, FIXTURES, LogBuilder } from '../binlog/support.ts'
import { image } from '../image/facts.ts'
import { contentOf } from '../storage/content.ts'
import { archiveLog } from '../support/archive-log.ts'
import type { ArchiveLogOptions } from '../support/archive-log.ts'
import { countedArchive } from '../support/counted-archive.ts'
import type { CountedArchive } from '../support/counted-archive.ts'
import type { StorageCounts } from '../support/counting-storage.ts'
import { flipBit } from '../support/damage.ts'
import { expectPitrError } from '../support/expect-pitr-error.ts'
import type { WantedError } from '../support/expect-pitr-error.ts'
import { forgeIndex } from '../support/forge-index.ts'
import { describeFailure, describePlan } from './plan/outcome.ts'

// A plan is made by looking at indexes and at the blocks around its stop and its image. It must be the plan that reading
// every transaction gives.

const START = 1_800_000_000_000_000
const UUID = 'abababab-abab-abab-abab-abababababab'
const LIMITS = { statementBytes: Number.POSITIVE_INFINITY, hint: '' }

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

describe('the plan by blocks is the plan by everything', () => {
  test.each(FIXTURES)('in the recorded log %s', async (name) => {
    const bytes = fixture(name)
    const whole = await archived('binlog.000001', bytes, { blockBytes: 100 })
    expect(whole.facts.segments.map(({ index }) => index)).toEqual([expect.anything()])
    const cut = await archived('binlog.000002', bytes, { blockBytes: 600, segmentBytes: bytes.length / 3 })
    for (const log of [whole, cut]) {
      expect(await comparePlans(log, fc.sample(targetsOf(log), { numRuns: 60, seed: 1 }))).toBeGreaterThan(3)
    }
  })

  test('in logs of any shape, with clocks that step back', { timeout: 120_000 }, async () => {
    let number = 0
    let planned = 0
    await fc.assert(
      fc.asyncProperty(randomLog, fc.gen(), async ({ flavor, statements }, gen) => {
        const file = `binlog.${String(++number).padStart(6, '0')}`
        const log = await archived(file, logOf(flavor, statements), { segmentBytes: 2_000_000 })
        planned += await comparePlans(
          log,
          Array.from({ length: 8 }, () => gen(() => targetsOf(log))),
        )
      }),
      { numRuns: 12 },
    )
    expect(planned).toBeGreaterThan(20)
  })

  test('when MariaDB numbered a transaction back, which is found in its segment', async () => {
    const builder = beginLog('mariadb')
    const sequences = [1n, 2n, 9n, 3n, 4n, 10n]
    for (const sequence of sequences) builder.mariadbGtid(sequence, 1).query(`DROP TABLE t /* ${'x'.repeat(500)} */`)
    const log = await archived('binlog.000001', builder.bytes, { blockBytes: 100 })
    const targets = sequences.map((n): RestoreTarget => ({ kind: 'transaction', gtid: `0-1-${n}`, side: 'after' }))
    expect(await comparePlans(log, targets)).toBe(sequences.length)
  })
})

describe.each([
  ['in one segment', { blockBytes: 100 }],
  ['in different segments', { blockBytes: 100, segmentBytes: 1000 }],
])('when MariaDB gave out a GTID twice, %s', (_, options) => {
  let log: PlannedLog
  beforeEach(async () => {
    const builder = beginLog('mariadb')
    for (const sequence of [1n, 7n, 8n, 9n, 7n, 3n, 10n]) {
      builder.mariadbGtid(sequence, 1).query(`DROP TABLE t /* ${'x'.repeat(500)} */`)
    }
    log = await archived('binlog.000001', builder.bytes, options)
  })

  test('each transaction that is found has its own moments before and after', async () => {
    expect(log.facts.segments.length > 1).toBe('segmentBytes' in options)
    const stops: number[][] = []
    for await (const { start, before, after } of findTransactions(archive, log.facts.segments, {})) {
      const plans = await Promise.all([before, after].map((target) => makePlan(archive, log.facts, target, {})))
      stops.push(plans.map(({ stop }) => stop.position.offset))
      expect([plans[0]?.firstExcluded?.start, plans[1]?.lastIncluded?.start]).toEqual([start, start])
    }
    expect(stops).toEqual(log.transactions.map(({ start, end }) => [start, end]))
  })

  test('the GTID is no name of either, as a target or of what is skipped: the error names both places', async () => {
    const places = [1, 4].map((i) => `binlog.000001:${log.transactions[i]!.start}`).join(' and ')
    const twice: WantedError = { code: 'TransactionNotFound', subject: '0-1-7', message: places }
    for (const side of ['before', 'after'] as const) {
      await expectPitrError(makePlan(archive, log.facts, { kind: 'transaction', gtid: '0-1-7', side }, {}), twice)
    }
    await expectPitrError(makePlan(archive, log.facts, { kind: 'latest' }, { skip: ['0-1-7'] }), twice)
    const once: RestoreTarget = { kind: 'transaction', gtid: '0-1-9', side: 'before' }
    expect(await makePlan(archive, log.facts, once, {})).toMatchObject({ firstExcluded: { gtid: '0-1-9' } })
  })
})

describe('a plan with its stop in the middle of a large segment', () => {
  test('reads the index and the stored bytes around its stop and its image', async () => {
    const log = await archived('binlog.000001', largeLog, {})
    const [segment] = log.facts.segments as [Segment]
    const { frames, blocks } = (await archive.readSegmentIndex(segment))!
    const middle = log.transactions[log.transactions.length >> 1]!
    const inMiddle = blocks.findIndex(({ to }) => to > middle.start)
    const read = [...blocks.slice(0, 1), ...blocks.slice(inMiddle - 2, inMiddle + 3)]
    const framesRead = new Set(read.flatMap(({ from, to }) => [from, to - 1].map((at) => Math.floor(at / FRAME_BYTES))))
    const bound = [...framesRead].reduce((sum, i) => sum + frames[i]!.storedBytes, segment.index!.bytes)
    expect(bound).toBeLessThan(segment.blob.stored.bytes / 3)

    // One image, at the beginning: a nearer one would have its own block.
    const facts = { ...log.facts, images: log.facts.images.slice(0, 1) }
    const { commitTime, gtid = '' } = middle
    const targets: RestoreTarget[] = [
      { kind: 'time', at: commitTime },
      { kind: 'time', at: commitTime, exclusive: true },
      { kind: 'transaction', gtid, side: 'before' },
      { kind: 'transaction', gtid, side: 'after' },
      { kind: 'position', at: { file: 'binlog.000001', offset: middle.end } },
      { kind: 'latest' },
    ]
    for (const target of targets) {
      counts.bytesRead = 0
      const made = await makePlan(archive, facts, target, {})
      expect({ target, bytesRead: counts.bytesRead <= bound }).toEqual({ target, bytesRead: true })
      expect(describePlan(made)).toEqual(describePlan(planByEverything({ ...log, facts }, target)))
    }
  })

  test('is made where bytes far from it are damaged, and refused where those it needs are', async () => {
    const log = await archived('binlog.000001', largeLog, {})
    const [segment] = log.facts.segments as [Segment]
    const middle = log.transactions[log.transactions.length >> 1]!
    const target: RestoreTarget = { kind: 'time', at: middle.commitTime }
    const path = join(place.path, segment.blob.key)
    await flipBit(path, 0.8)
    expect(await comparePlans(log, [target])).toBe(1)
    await flipBit(path, 0.5)
    await expect(makePlan(archive, log.facts, target, {})).rejects.toMatchObject({
      code: 'ChecksumMismatch',
      subject: segment.blob.key,
    })
  })

  test('does without an index that is damaged: the segment is then, and every plan that looks into it is refused', async () => {
    const log = await archived('binlog.000001', largeLog, {})
    const [segment] = log.facts.segments as [Segment]
    await flipBit(join(place.path, segment.blob.key), 1 - 100 / segment.blob.stored.bytes)
    const target: RestoreTarget = { kind: 'time', at: log.transactions[5]!.commitTime }
    await expect(makePlan(archive, log.facts, target, {})).rejects.toMatchObject({
      code: 'ChecksumMismatch',
      subject: segment.blob.key,
    })
  })
})

describe('an index that lies', () => {
  // 300 transactions, one a second, with the stop behind the 150th; the clock was ahead at the 50th.
  const target = { kind: 'time' as const, at: new Timestamp(START + 149_500_000, 'microsecond') }
  let facts: TimelineFacts
  let honest: SegmentIndex
  beforeEach(async () => {
    const log = await archived('binlog.000001', steppedLog, {})
    facts = { ...log.facts, images: log.facts.images.slice(0, 1) }
    honest = (await archive.readSegmentIndex(facts.segments[0]!))!
  })

  const withTransaction = (blocks: readonly LogBlock[], number: number) =>
    blocks.findIndex(({ gtids = '' }) => parseGtidSet('mysql', gtids).includes(`${UUID}:${number}`))
  /** Changes the blocks with these transactions. */
  const change =
    (...changes: readonly (readonly [number, (block: LogBlock) => Partial<LogBlock>])[]) =>
    (blocks: readonly LogBlock[]): LogBlock[] => {
      const places = new Map(changes.map(([number, lie]) => [withTransaction(blocks, number), lie]))
      return blocks.map((block, i) => ({ ...block, ...places.get(i)?.(block) }))
    }
  const counting = (by: number) => (block: LogBlock) => ({
    counts: { ...block.counts, transactions: block.counts.transactions + by },
  })
  const hidesClock = change([50, ({ first }) => ({ maxCommitTime: first!.commitTime })])

  test('about what is replayed and was not looked at is refuted before a restore writes anything', async () => {
    const honestly = await planOrFailure(() => makePlan(archive, facts, target, {}))
    expect(honestly).toMatchObject({ code: 'AmbiguousTime' })
    const lies = [
      [(blocks: readonly LogBlock[]) => blocks, 'later than asked for'],
      [change([70, counting(1)], [250, counting(-1)]), 'transactions, the plan says'],
      [change([70, () => ({ gtids: `${UUID}:1000` })]), 'other GTIDs'],
      [change([70, () => ({ gtids: '' })]), 'other GTIDs'],
    ] as const
    let [segment] = facts.segments as [Segment]
    let stop: RestoreTarget = target
    for (const [lie, message] of lies) {
      segment = await forgeIndex(place.path, segment, { ...honest, blocks: lie(hidesClock(honest.blocks)) })
      const plan = await makePlan(archive, { ...facts, segments: [segment] }, stop, {})
      await expect(verifyLog(archive, plan, [segment], LIMITS, {})).rejects.toMatchObject({
        code: 'PlanMismatch',
        message: expect.stringContaining(message),
      })
      // The same place, to which clocks do not matter.
      stop = { kind: 'position', at: plan.stop.position }
    }
  })

  test('about what is looked at makes no plan', async () => {
    const lies = [
      change([150, counting(1)], [250, counting(-1)]),
      change([151, ({ first }) => ({ first: { ...first!, gtid: `${UUID}:1000` } })]),
      change([151, ({ first }) => ({ first: { ...first!, commitTime: facts.coveredUntil!.time } })]),
      change([150, ({ last }) => ({ last: { ...last!, end: { ...last!.end, offset: last!.end.offset - 1 } } })]),
      change([150, ({ first }) => ({ maxCommitTime: first!.commitTime, minCommitTime: first!.commitTime })]),
      (blocks: readonly LogBlock[]) => {
        const at = withTransaction(blocks, 150)
        const to = blocks[at]!.to - 40
        return blocks.map((block, i) => (i === at ? { ...block, to } : i === at + 1 ? { ...block, from: to } : block))
      },
    ]
    let [segment] = facts.segments as [Segment]
    for (const [i, lie] of lies.entries()) {
      segment = await forgeIndex(place.path, segment, { ...honest, blocks: lie(hidesClock(honest.blocks)) })
      const made = makePlan(archive, { ...facts, segments: [segment] }, target, {})
      await expect(made, `lie ${i}`).rejects.toMatchObject({ code: 'CorruptManifest', subject: segment.blob.key })
    }
  })
})

async function planOrFailure(work: () => RestorePlan | Promise<RestorePlan>): Promise<RestorePlan | PitrError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PitrError) return error
    throw error
  }
}

interface PlannedLog {
  readonly facts: TimelineFacts
  readonly transactions: readonly Transaction[]
}

/** An archived log with images in it: at its beginning, and behind some of its transactions. */
async function archived(file: string, bytes: Buffer, options: ArchiveLogOptions): Promise<PlannedLog> {
  const { segments, transactions } = await archiveLog(archive, timelineId, { file, bytes }, options)
  const { format, fileId, previousGtids } = readFileHead(file, new EventReader({ file }).push(bytes))!
  const { flavor } = format
  const latest = (before: number) =>
    Math.max(START, ...transactions.slice(0, before).map(({ commitTime }) => commitTime.epochMicroseconds))
  const images = [0, transactions.length * 0.4, transactions.length * 0.7].map((share, i): ImageFacts => {
    const before = Math.floor(share)
    const executed = transactions.slice(0, before).flatMap(({ gtid }) => gtid ?? [])
    return image(`image${i}`, 1, transactions[before]!.start, 0, {
      timelineId,
      backup: { ...image('any', 1, 4, 0).backup, server: { ...image('any', 1, 4, 0).backup.server, flavor } },
      position: { file, offset: before === 0 ? transactions[0]!.start : transactions[before - 1]!.end },
      fileId,
      ...(previousGtids === undefined ? {} : { gtidSet: parseGtidSet(flavor, previousGtids).withAll(executed) }),
      startTime: new Timestamp(before === 0 ? earliestOf(transactions) : latest(before), 'microsecond'),
    })
  })
  const last = segments.at(-1)!
  const coveredUntil = {
    time: new Timestamp(latest(transactions.length) + 5_000_000, 'microsecond'),
    fileId,
    offset: last.to,
  }
  return { facts: { timelineId, flavor, images, segments, coveredUntil }, transactions }
}

function earliestOf(transactions: readonly Transaction[]): number {
  return Math.min(...transactions.map(({ commitTime }) => commitTime.epochMicroseconds))
}

/** Returns how many of the targets could be planned. */
async function comparePlans(log: PlannedLog, targets: readonly RestoreTarget[]): Promise<number> {
  let planned = 0
  for (const target of targets) {
    for (const ambiguous of target.kind === 'time' ? ([undefined, 'first', 'last'] as const) : [undefined]) {
      const expected = await planOrFailure(() => planByEverything(log, target, ambiguous))
      const made = await planOrFailure(() => makePlan(archive, log.facts, target, { ambiguous }))
      expect(describeOutcome(made)).toEqual(describeOutcome(expected))
      if (ambiguous === undefined && !(made instanceof PitrError)) planned++
    }
  }
  return planned
}

function describeOutcome(made: RestorePlan | PitrError): object {
  return made instanceof PitrError ? describeFailure(made) : describePlan(made)
}

function planByEverything({ facts, transactions }: PlannedLog, target: RestoreTarget, ambiguous?: 'first' | 'last') {
  const details = facts.segments.map((segment) => {
    const own = transactions.filter(({ start, end }) => start >= segment.from && end <= segment.to)
    return [segment, own] as const
  })
  return planRestore(LogView.of(facts).with(new Map(details)), target, { archiveId: archive.id, ambiguous })
}

/** Targets around what is there: a random one would find nothing. */
function targetsOf({ facts: { segments }, transactions }: PlannedLog): fc.Arbitrary<RestoreTarget> {
  const file = segments[0]!.file
  const transaction = fc.constantFrom(...transactions)
  const shift = fc.constantFrom(-1_000_000, -1, 0, 0, 0, 1, 1_000_000)
  const time = fc.tuple(transaction, shift, fc.boolean()).map(([{ commitTime }, by, exclusive]): RestoreTarget => ({
    kind: 'time',
    at: new Timestamp(commitTime.epochMicroseconds + by, 'microsecond'),
    exclusive,
  }))
  const gtid = fc
    .tuple(transaction, fc.constantFrom('before' as const, 'after' as const))
    .map(([{ gtid = `${UUID}:7777777` }, side]): RestoreTarget => ({ kind: 'transaction', gtid, side }))
  const offset = fc.oneof(
    { weight: 4, arbitrary: transaction.map(({ end }) => end) },
    { weight: 2, arbitrary: transaction.map(({ start }) => start) },
    { weight: 1, arbitrary: transaction.map(({ start }) => start + 1) },
    { weight: 1, arbitrary: fc.nat(segments.at(-1)!.to) },
  )
  const position = offset.map((at): RestoreTarget => ({ kind: 'position', at: { file, offset: at } }))
  return fc.oneof(fc.constant<RestoreTarget>({ kind: 'latest' }), time, time, gtid, position)
}

interface Statement {
  readonly step: number
  readonly padding: number
}

const statement: fc.Arbitrary<Statement> = fc.record({
  // The clock steps back now and then.
  step: fc.oneof({ weight: 12, arbitrary: fc.nat(1500) }, { weight: 1, arbitrary: fc.integer({ min: -3000, max: 0 }) }),
  padding: fc.oneof(
    { weight: 9, arbitrary: fc.nat(3000) },
    { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 300_000 }) },
  ),
})
const randomLog = fc.record({
  flavor: fc.constantFrom('mysql' as const, 'mariadb' as const),
  statements: fc.array(statement, { minLength: 10, maxLength: 120, size: 'max' }),
})

function logOf(flavor: 'mysql' | 'mariadb', statements: readonly Statement[]): Buffer {
  const log = beginLog(flavor)
  let milliseconds = 0
  for (const [i, { step, padding }] of statements.entries()) {
    milliseconds = Math.max(0, milliseconds + step)
    addStatement(log, flavor, i + 1, milliseconds, 'x'.repeat(padding))
  }
  return log.bytes
}

function beginLog(flavor: 'mysql' | 'mariadb'): LogBuilder {
  const log = new LogBuilder(flavor)
  // Nothing was executed before.
  return flavor === 'mysql'
    ? log.add(EventType.PreviousGtids, Buffer.alloc(8))
    : log.add(EventType.GtidList, Buffer.alloc(4))
}

function addStatement(
  log: LogBuilder,
  flavor: 'mysql' | 'mariadb',
  number: number,
  milliseconds: number,
  padding: string,
): void {
  if (flavor === 'mysql') log.gtid(number, START + milliseconds * 1000)
  else log.mariadbGtid(BigInt(number), 1)
  const timestamp = START / 1_000_000 + Math.floor(milliseconds / 1000)
  log.query(`ALTER TABLE t COMMENT '${padding}'`, { timestamp })
}

/** 1,000 transactions, one a second, of text that does not compress. */
const largeLog = makeLargeLog()

function makeLargeLog(): Buffer {
  const log = beginLog('mysql')
  const text = contentOf('large log', 1000 * 9000)
  for (let i = 0; i < 1000; i++) {
    addStatement(log, 'mysql', i + 1, i * 1000, text.toString('base64', i * 9000, (i + 1) * 9000))
  }
  return log.bytes
}

/** 300 transactions, one a second, but for one that is ahead of its time; of text that compresses well: quickly rewritten. */
const steppedLog = makeSteppedLog()

function makeSteppedLog(): Buffer {
  const log = beginLog('mysql')
  for (let i = 0; i < 300; i++) addStatement(log, 'mysql', i + 1, (i === 49 ? 200 : i) * 1000, 'x'.repeat(40_000))
  return log.bytes
}
