import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { PitrError } from '../../../src/errors.ts'
import { RestorePlan } from '../../../src/image/restore-plan.ts'
import type { TimelineFacts } from '../../../src/image/timeline-facts.ts'
import { planRestore } from '../../../src/restore/plan/plan-restore.ts'
import { histories, targets } from './history.ts'
import type { History, TargetOf } from './history.ts'
import { expectedPlan } from './model.ts'
import type { Expected } from './model.ts'
import { readForPlan } from './read-for-plan.ts'

type Planned = Exclude<Expected, { readonly error: unknown }>

const CASES = { numRuns: 500 }
const choices = fc.constantFrom(undefined, 'first' as const, 'last' as const)

function cases(options: Parameters<typeof histories>[0]) {
  return histories(options).chain((history) => fc.tuple(fc.constant(history), targets(history), choices))
}

/** Plans like a caller. */
function plan(
  facts: TimelineFacts,
  history: History,
  target: TargetOf,
  ambiguous?: 'first' | 'last',
  keep?: 'sums' | 'all',
): RestorePlan {
  const options = { archiveId: 'archive', ambiguous }
  return planRestore(readForPlan(facts, history, target, options, keep), target, options)
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof PitrError) return error.code
    throw error
  }
}

function transactionsBefore({ transactions }: History, { stop }: RestorePlan): number {
  const { file, offset } = stop.position
  return transactions.filter((t) => t.file < file || (t.file === file && t.transaction.end <= offset)).length
}

test.each([
  { name: 'clocks that step back', options: { scoped: false, obstacles: false, stepsBack: true } },
  { name: 'clocks that do not', options: { scoped: false, obstacles: false, stepsBack: false } },
  { name: 'obstacles', options: { scoped: false, obstacles: true, stepsBack: true } },
  // What is left out far from both ends, and could not be replayed, is rare.
  { name: 'backups of one database', options: { scoped: true, obstacles: true, stepsBack: false }, numRuns: 2500 },
])('the plan is what a model that sees every transaction says: $name', ({ options, numRuns = CASES.numRuns }) => {
  fc.assert(
    fc.property(cases(options), ([history, target, ambiguous]) => {
      const expected = expectedPlan(history, target, ambiguous)
      if ('error' in expected) {
        assert.equal(
          codeOf(() => plan(history.facts, history, target, ambiguous)),
          expected.error,
        )
        return
      }
      const made = plan(history.facts, history, target, ambiguous)
      expectPlan(history, made, expected)
      const again = RestorePlan.fromJSON(JSON.parse(JSON.stringify(made)))
      assert.equal(again.hash, made.hash)
      assert.equal(again.toText(), made.toText())
      assert.equal(plan(history.facts, history, target, ambiguous, 'all').hash, made.hash)
    }),
    { numRuns },
  )
})

function expectPlan(history: History, made: RestorePlan, { stop, start, image, leftOut, replayed }: Planned) {
  const range = history.transactions.slice(start, stop)
  assert.equal(made.image.id, image)
  assert.equal(transactionsBefore(history, made), stop)
  assert.deepEqual(made.counts, {
    transactions: range.length,
    rowEvents: range.reduce((sum, { transaction }) => sum + transaction.rowEvents, 0),
    rows: range.reduce((sum, { transaction }) => sum + transaction.rows, 0),
  })
  assert.equal(made.leftOut.transactions, leftOut)
  assert.deepEqual(made.replayed, replayed)
  assert.equal(made.lastIncluded?.start.offset, history.transactions[stop - 1]?.transaction.start)
  assert.equal(made.firstExcluded?.start.offset, history.transactions[stop]?.transaction.start)
  assert.equal(made.firstExcluded?.gtid, history.transactions[stop]?.transaction.gtid)
  expectGtids(history, made, stop, leftOut === 0 ? range.length : undefined)
  expectSegments(made)
}

function expectGtids({ transactions }: History, { gtids }: RestorePlan, stop: number, replayed: number | undefined) {
  for (const [i, { transaction }] of transactions.entries()) {
    if (transaction.gtid === undefined) assert.equal(gtids, undefined)
    else assert.equal(gtids?.after.includes(transaction.gtid), i < stop)
  }
  if (gtids === undefined || replayed === undefined) return
  assert.equal(gtids.replayed.isEmpty, replayed === 0)
  const last = transactions[stop - 1]?.transaction.gtid
  if (replayed > 0 && last !== undefined) assert.ok(gtids.replayed.includes(last))
}

function expectSegments({ segments, start, stop }: RestorePlan) {
  const [first] = segments
  const last = segments.at(-1)
  if (first === undefined || last === undefined) {
    assert.deepEqual(stop, start)
    return
  }
  assert.deepEqual([first.fileId, first.from], [start.fileId, 0])
  assert.equal(last.fileId, stop.fileId)
  assert.ok(last.from < stop.position.offset && stop.position.offset <= last.to)
  for (const [i, { fileId, from }] of segments.entries()) {
    const before = segments[i - 1]
    if (before !== undefined) assert.equal(from, before.fileId === fileId ? before.to : 0)
  }
}

test('with segments missing a plan is refused, or is the plan of the whole history', () => {
  const withHoles = cases({ scoped: false, obstacles: false, stepsBack: true }).chain(([history, target]) =>
    fc.tuple(fc.constant(history), fc.constant(target), fc.subarray([...history.facts.segments])),
  )
  fc.assert(
    fc.property(withHoles, ([history, target, segments]) => {
      const whole = expectedPlan(history, target, 'first')
      let made: RestorePlan
      try {
        made = plan({ ...history.facts, segments }, history, target, 'first')
      } catch (error) {
        assert.ok(error instanceof PitrError)
        const codes = [
          'BrokenChain',
          'error' in whole ? whole.error : 'BrokenChain',
          'TransactionNotFound',
          'TargetBeforeWindow',
          'TargetBeyondWindow',
        ]
        assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`)
        return
      }
      // Without a transaction nothing says that times are whole seconds, so the end of the last second is not waited for.
      if (segments.every(({ counts }) => counts.transactions === 0)) return
      assert.equal('error' in whole ? whole.error : undefined, undefined)
      if ('error' in whole) return
      assert.equal(transactionsBefore(history, made), whole.stop)
      assert.equal(made.image.id, whole.image)
      expectSegments(made)
    }),
    CASES,
  )
})

test('the order in which facts are listed does not matter', () => {
  const shuffled = cases({ scoped: false, obstacles: false, stepsBack: true }).chain(([history, target, ambiguous]) => {
    const { images, segments } = history.facts
    const shuffle = <T>(values: readonly T[]) => fc.shuffledSubarray([...values], { minLength: values.length })
    return fc.tuple(
      fc.constant(history),
      fc.constant(target),
      fc.constant(ambiguous),
      shuffle(images),
      shuffle(segments),
    )
  })
  fc.assert(
    fc.property(shuffled, ([history, target, ambiguous, images, segments]) => {
      const code = codeOf(() => plan(history.facts, history, target, ambiguous))
      const other = { ...history.facts, images, segments }
      assert.equal(
        codeOf(() => plan(other, history, target, ambiguous)),
        code,
      )
      if (code !== undefined) return
      assert.equal(plan(other, history, target, ambiguous).hash, plan(history.facts, history, target, ambiguous).hash)
    }),
    { numRuns: 300 },
  )
})
