import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { GtidAccumulator } from '../../../src/binlog/gtid-accumulator.ts'
import { LogTally } from '../../../src/binlog/log-tally.ts'
import type { LogBlock } from '../../../src/image/log-block.ts'
import type { Segment } from '../../../src/image/segment.ts'
import type { TimelineFacts } from '../../../src/image/timeline-facts.ts'
import { segmentOf } from '../../../src/restore/plan/log-span.ts'
import { locateTarget } from '../../../src/restore/plan/locate-target.ts'
import { LogView } from '../../../src/restore/plan/log-view.ts'
import type { PlannerOptions, TransactionName } from '../../../src/restore/plan/plan-options.ts'
import { planRestore } from '../../../src/restore/plan/plan-restore.ts'
import { histories, targets } from './history.ts'
import type { History, TargetOf } from './history.ts'
import { describeFailure, describePlan } from './outcome.ts'

// A plan made by looking at blocks, of which only those are read that it asks for, is the plan made by reading everything.

const CASES = { numRuns: 1000 }

type Ambiguous = 'first' | 'last' | undefined
/** Where a block ends behind a transaction: with it, or with what lies between it and the next one. */
type Cut = 'no' | 'end' | 'between' | 'start'
interface Blocks {
  readonly blocks: readonly LogBlock[]
}

function cases(options: Parameters<typeof histories>[0]) {
  return histories(options).chain((history) =>
    fc.record({
      history: fc.constant(history),
      target: fc.oneof({ weight: 2, arbitrary: targets(history) }, { weight: 1, arbitrary: between(history) }),
      ambiguous: fc.constantFrom<Ambiguous>(undefined, 'first', 'last'),
      skip: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: skips(history) }),
      // Two cuts of the same log: coarse into segments, where neighbours are joined, and fine into blocks.
      joined: fc.array(fc.boolean(), { minLength: history.facts.segments.length }),
      segments: fc.oneof(
        { weight: 3, arbitrary: fc.constant(history.facts.segments) },
        { weight: 1, arbitrary: fc.subarray([...history.facts.segments], { minLength: 1 }) },
      ),
      cuts: fc.array(fc.constantFrom<Cut>('no', 'end', 'between', 'start'), { minLength: 40, maxLength: 40 }),
      divided: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    }),
  )
}

/** Transactions that are left out on purpose, by name or by place. */
function skips({ transactions }: History): fc.Arbitrary<TransactionName[]> {
  const names = transactions.flatMap(({ file, transaction: { start, gtid } }): TransactionName[] => [
    { start: { file, offset: start } },
    ...(gtid === undefined ? [] : [gtid]),
  ])
  return fc.subarray(names, { maxLength: Math.min(3, names.length) })
}

/** Positions where there is something between two transactions, or inside one. */
function between({ transactions }: History): fc.Arbitrary<TargetOf> {
  const places = transactions.map(({ file, transaction: { end } }) => ({ file, offset: end + 3 }))
  const at = places.length === 0 ? fc.constant({ file: 'binlog.000041', offset: 103 }) : fc.constantFrom(...places)
  return at.map((place): TargetOf => ({ kind: 'position', at: place }))
}

test.each([
  { name: 'clocks that step back', options: { scoped: false, obstacles: false, stepsBack: true } },
  { name: 'clocks that do not', options: { scoped: false, obstacles: false, stepsBack: false } },
  { name: 'obstacles', options: { scoped: false, obstacles: true, stepsBack: true } },
  { name: 'backups of one database', options: { scoped: true, obstacles: true, stepsBack: true } },
])('a plan by blocks is the plan by everything: $name', ({ options }) => {
  let planned = 0
  fc.assert(
    fc.property(cases(options), ({ history, target, ambiguous, skip, joined, segments, cuts, divided }) => {
      const { facts, details } = joinSegments({ ...history.facts, segments }, history, joined)
      const indexes = new Map<Segment, Blocks>()
      for (const [i, segment] of facts.segments.entries()) {
        if (divided[i % divided.length] !== true) continue
        indexes.set(segment, { blocks: cutBlocks(facts, segment, details.get(segment) ?? [], cuts) })
      }
      const expected = outcome(() =>
        planByEverything(facts, details, target, { archiveId: 'archive', ambiguous, skip }),
      )
      assert.deepEqual(
        outcome(() => planByBlocks(facts, details, indexes, target, { archiveId: 'archive', ambiguous, skip })),
        expected,
      )
      if ('plan' in expected) planned++
    }),
    CASES,
  )
  assert.ok(planned > CASES.numRuns / 5, `only ${planned} targets could be planned`)
})

type Details = ReadonlyMap<Segment, History['transactions'][number]['transaction'][]>

/** Joins neighbours of one file: segments that hold more than a block. */
function joinSegments(
  facts: TimelineFacts,
  history: History,
  joined: readonly boolean[],
): { readonly facts: TimelineFacts; readonly details: Details } {
  const segments: Segment[] = []
  const details = new Map<Segment, History['transactions'][number]['transaction'][]>()
  for (const [i, segment] of facts.segments.entries()) {
    const own = [...(history.details.get(segment.blob.key) ?? [])]
    const before = segments.at(-1)
    if (before === undefined || before.fileId !== segment.fileId || before.to !== segment.from || joined[i] !== true) {
      segments.push(segment)
      details.set(segment, own)
      continue
    }
    const all = [...(details.get(before) ?? []), ...own]
    const tally = new LogTally()
    for (const transaction of all) tally.add(transaction)
    const { to, end, gtidsAfter } = segment
    const obstacles = [...before.obstacles, ...segment.obstacles]
    const both: Segment = { ...before, ...tally.take(1024, before), to, end, gtidsAfter, obstacles }
    details.delete(before)
    segments.splice(-1, 1, both)
    details.set(both, all)
  }
  return { facts: { ...facts, segments }, details }
}

/** Blocks of any size, also without a transaction; what lies between two transactions belongs to either of their blocks. */
function cutBlocks(
  { flavor }: TimelineFacts,
  { file, fileId, from, to, gtidsBefore }: Segment,
  transactions: readonly History['transactions'][number]['transaction'][],
  cuts: readonly Cut[],
): LogBlock[] {
  const borders = transactions.flatMap(({ end }, i) => {
    const cut = cuts[i % cuts.length]
    const next = transactions[i + 1]?.start ?? to
    if (cut === 'no') return []
    if (cut === 'between') return [(end + next) >> 1, next]
    return [cut === 'start' ? next : end]
  })
  const ends = [...new Set([...borders, to])].filter((end) => end > from)
  return ends.map((end, i): LogBlock => {
    const start = ends[i - 1] ?? from
    const tally = new LogTally()
    const gtids = gtidsBefore === undefined ? undefined : new GtidAccumulator(flavor)
    for (const transaction of transactions) {
      if (transaction.start < start || transaction.end > end) continue
      tally.add(transaction)
      if (transaction.gtid !== undefined) gtids?.add(transaction.gtid)
    }
    return { from: start, to: end, ...tally.take(1024, { file, fileId }), gtids: gtids?.set.toString() }
  })
}

function planByEverything(facts: TimelineFacts, details: Details, target: TargetOf, options: PlannerOptions) {
  const log = LogView.of(facts)
  // Of several errors the first one is found by the facts alone.
  locateTarget(log, target, options)
  return planRestore(log.with(details), target, options)
}

function planByBlocks(
  facts: TimelineFacts,
  details: Details,
  indexes: ReadonlyMap<Segment, Blocks>,
  target: TargetOf,
  options: PlannerOptions,
) {
  const log = LogView.of(facts)
  // As `makePlan` does: only what is needed is divided, and of that only what is needed read.
  const needed = new Set(locateTarget(log, target, options).map(segmentOf))
  const divided = log.divide(new Map([...indexes].filter(([segment]) => needed.has(segment))))
  const read = locateTarget(divided, target, options).map((span) => {
    assert.ok(
      needed.has(segmentOf(span)),
      'a segment is looked into of which the facts alone say that it does not matter',
    )
    const transactions = details.get(segmentOf(span)) ?? []
    return [span, transactions.filter(({ start, end }) => start >= span.from && end <= span.to)] as const
  })
  return planRestore(divided.with(new Map(read)), target, options)
}

function outcome(work: () => ReturnType<typeof planRestore>): object {
  try {
    return describePlan(work())
  } catch (error) {
    return describeFailure(error)
  }
}
