import { beforeAll, describe, expect, test } from 'vitest'
import type { ReplayerName } from '../../../src/index.ts'
import { flavor } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { CASES, randomCase } from './cases.ts'
import type { MakeCase } from './cases.ts'
import { expectRestored } from './expect-restored.ts'
import { SEED, TARGETS } from './options.ts'
import { runScenario } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { Targets } from './targets.ts'

// Steps between two operations of the scenario; there are seven such stages.
const STAGE = 440
// Two cores: more restores at a time take longer each.
const RESTORES_AT_A_TIME = 2

let scenario: Scenario
let targets: Targets

beforeAll(async () => {
  await using undo = new AsyncDisposableStack()
  targets = undo.use(new Targets(flavor, RESTORES_AT_A_TIME))
  scenario = undo.use(await runScenario(flavor, STAGE, SEED))
  const kept = undo.move()
  return async () => await kept.disposeAsync()
}, 600_000)

test('the source saw what a ledger needs', () => {
  const { ledger, order, images, source } = scenario
  expect(ledger.contradictions(order)).toEqual([])
  expect(order.length).toBeGreaterThanOrEqual(3000)
  expect(ledger.rolledBack).toBeGreaterThan(0)
  expect(images.map(({ backup }) => backup.server.flavor)).toEqual(images.map(() => source.flavor))
  expect(new Set(order.map(({ file }) => file)).size).toBeGreaterThanOrEqual(4)
  // Many commits in one second, and definitions among them.
  const seconds = Map.groupBy(order, ({ commitMicroseconds }) => Math.floor(commitMicroseconds / 1e6))
  expect(Math.max(...[...seconds.values()].map(({ length }) => length))).toBeGreaterThan(50)
  for (const verb of ['CREATE', 'ALTER', 'TRUNCATE', 'DROP']) {
    expect(order.some(({ statements }) => statements[0]?.startsWith(`${verb} TABLE`))).toBe(true)
  }
  expect(order.some((logged) => ledger.isPrepare(logged))).toBe(true)
  expect(order.some((logged) => ledger.isNonTransactional(logged))).toBe(true)
})

test('the images stand where the log says: the older ones closed, the newest one open', async () => {
  const images = [...(await scenario.manager.images())]
  expect(images.map(({ state }) => state)).toEqual(['closed', 'closed', 'open'])
  expect(images.slice(0, -1).map(({ endPosition }) => endPosition)).toEqual(
    images.slice(1).map(({ position }) => position),
  )
  expect(images.slice(0, -1).map(({ endTime }) => endTime)).toEqual(images.slice(1).map(({ startTime }) => startTime))
})

describe(`a restore holds exactly the prefix the log demands, seed ${SEED}`, () => {
  const every = Object.entries(CASES)
  const cases: [string, MakeCase][] = [
    ...every,
    ...Array.from({ length: TARGETS - every.length }, (_, index): [string, MakeCase] => [
      `random target ${index + 1}`,
      randomCase,
    ]),
  ]
  test.concurrent.each(cases)('%s', { timeout: 600_000 }, async (name, makeCase) => {
    // Of its own, so that the choices of a case do not depend on when the others run.
    const index = cases.findIndex(([other]) => other === name)
    const random = new Random(SEED + index)
    await expectRestored(scenario, makeCase(scenario, random), targets, replayerOf(index))
  })
})

/** In turns, and the other way round on the other flavor: both replayers meet every kind of target. */
function replayerOf(index: number): ReplayerName {
  return index % 2 === (flavor === 'mysql' ? 0 : 1) ? 'direct' : 'mysqlbinlog'
}
