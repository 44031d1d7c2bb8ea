import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { PitrError } from '../../../src/errors.ts'
import { RestorePlan } from '../../../src/image/restore-plan.ts'
import type { TransactionName } from '../../../src/restore/plan/plan-options.ts'
import { planRestore } from '../../../src/restore/plan/plan-restore.ts'
import { histories, targets } from './history.ts'
import type { History, ModelTransaction, TargetOf } from './history.ts'
import { expectedPlan, replayedCounts } from './model.ts'
import { readForPlan } from './read-for-plan.ts'

const CASES = { numRuns: 1000 }

/** Up to three transactions, each named by its GTID, where there is one, or by its place. */
function cases(options: Parameters<typeof histories>[0]) {
  return histories(options).chain((history) => {
    const places = history.transactions.map((_, i) => i)
    return fc.record({
      history: fc.constant(history),
      target: fc.oneof({ weight: 1, arbitrary: targets(history) }, { weight: 2, arbitrary: fc.constant(LATEST) }),
      skipped: fc.shuffledSubarray(places, { maxLength: Math.min(3, places.length) }),
      byPlace: fc.boolean(),
    })
  })
}

const LATEST: TargetOf = { kind: 'latest' }

test.each([
  { name: 'all databases', options: { scoped: false, obstacles: true, stepsBack: true } },
  { name: 'backups of one database', options: { scoped: true, obstacles: false, stepsBack: false } },
])('what is skipped is left out, and nothing else: $name', ({ options }) => {
  let planned = 0
  fc.assert(
    fc.property(cases(options), ({ history, target, skipped, byPlace }) => {
      const names = skipped.map((i) => nameOf(history.transactions[i]!, byPlace))
      const expected = expectedSkips(history, target, skipped)
      if ('length' in expected) {
        assert.throws(
          () => plan(history, target, names),
          (error) => error instanceof PitrError && expected.includes(error.code),
        )
        return
      }
      const made = plan(history, target, names)
      const { image, replayed } = expected
      assert.equal(made.image.id, image)
      assert.deepEqual(made.replayed, replayedCounts(replayed))
      const inOrder = skipped.toSorted((a, b) => a - b).map((i) => history.transactions[i]!)
      assert.deepEqual(made.skipped?.transactions.map(placeOf) ?? [], inOrder.map(placeOfModel))
      assert.deepEqual(made.lastIncluded && placeOf(made.lastIncluded), expected.last && placeOfModel(expected.last))
      expectGtids(history, made, replayed)
      assert.equal(RestorePlan.fromJSON(JSON.parse(JSON.stringify(made))).hash, made.hash)
      if (skipped.length > 0) planned++
    }),
    CASES,
  )
  assert.ok(planned > CASES.numRuns / 20, `only ${planned} plans skip something`)
})

/** Plans like a caller. */
function plan(history: History, target: TargetOf, skip: readonly TransactionName[]): RestorePlan {
  const options = { archiveId: 'archive', ambiguous: 'first' as const, skip }
  return planRestore(readForPlan(history.facts, history, target, options), target, options)
}

interface Skips {
  readonly image: string
  readonly replayed: readonly ModelTransaction[]
  readonly last: ModelTransaction | undefined
}

/** What the model says, of a plan from an image before everything that is skipped; or every code that fits why there is none. */
function expectedSkips(history: History, target: TargetOf, skipped: readonly number[]): Skips | readonly string[] {
  const { transactions } = history
  const first = Math.min(...skipped)
  const images = history.images.filter(({ before }) => before <= first)
  const wherever = expectedPlan({ ...history, transactions: transactions.map(harmless) }, target, 'first')
  const notMet = skipped.length === 0 ? [] : ['TransactionNotFound']
  if ('error' in wherever) return [wherever.error, ...notMet]
  if (images.length === 0 || skipped.some((i) => i >= wherever.stop)) return notMet
  const made = expectedPlan({ ...history, images }, target, 'first')
  if ('error' in made) return [made.error]
  const isOutside = ({ transaction: { changes } }: ModelTransaction): boolean =>
    images[0]?.facts.backup.scope !== 'all' &&
    changes.length > 0 &&
    changes.every(({ database }) => database !== 'shop')
  const chosen = skipped.map((i) => transactions[i]!)
  const reasons = [
    ...(chosen.some(isOutside) ? notMet : []),
    ...(chosen.some(({ transaction }) => !transaction.tablesKnown) ? ['Unreplayable'] : []),
  ]
  if (reasons.length > 0) return reasons
  return {
    image: made.image,
    replayed: transactions.slice(made.start, made.stop).filter((one) => !chosen.includes(one) && !isOutside(one)),
    last: transactions.slice(0, made.stop).findLast((one) => !chosen.includes(one)),
  }
}

/** As if it could be replayed, for what comes first: where the target stops. */
function harmless({ transaction, ...place }: ModelTransaction): ModelTransaction {
  return { ...place, transaction: { ...transaction, changes: [], tablesKnown: true, obstacle: undefined } }
}

function expectGtids(
  { transactions, facts }: History,
  { gtids }: RestorePlan,
  replayed: readonly ModelTransaction[],
): void {
  if (gtids === undefined) return
  const last = replayed.at(-1)
  for (const one of transactions) {
    const { gtid } = one.transaction
    if (gtid === undefined) return
    const isReplayed =
      facts.flavor === 'mysql'
        ? replayed.includes(one)
        : last !== undefined && transactions.indexOf(one) <= transactions.indexOf(last)
    assert.equal(gtids.replayed.includes(gtid), isReplayed)
  }
}

function nameOf({ file, transaction: { start, gtid } }: ModelTransaction, byPlace: boolean): TransactionName {
  return byPlace || gtid === undefined ? { start: { file, offset: start } } : gtid
}

function placeOf({ start }: { readonly start: { readonly file: string; readonly offset: number } }): string {
  return `${start.file}:${start.offset}`
}

function placeOfModel({ file, transaction }: ModelTransaction): string {
  return `${file}:${transaction.start}`
}
