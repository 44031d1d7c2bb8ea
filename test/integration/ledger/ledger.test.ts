import { beforeAll, describe, expect, test } from 'vitest'
import { flavor, tier } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { CASES, randomCase } from './cases.ts'
import type { MakeCase } from './cases.ts'
import { expectRestored } from './expect-restored.ts'
import { runScenario } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { Slots } from './slots.ts'

// Steps between two operations of the scenario; there are five such stages.
const STAGE = tier === 'full' ? 1000 : 210
const RANDOM_CASES = tier === 'full' ? 40 : 0
// Two cores: more restores at a time take longer each.
const RESTORES_AT_A_TIME = 2

let scenario: Scenario
const slots = new Slots(RESTORES_AT_A_TIME)

beforeAll(async () => {
  scenario = await runScenario(flavor, STAGE)
  return async () => await scenario[Symbol.asyncDispose]()
}, 600_000)

test('the source saw what a ledger needs', () => {
  const { ledger, order, images, source } = scenario
  expect(ledger.contradictions(order)).toEqual([])
  expect(order.length).toBeGreaterThanOrEqual(1000)
  expect(ledger.rolledBack).toBeGreaterThan(0)
  expect(images.map(({ backup }) => backup.server.flavor)).toEqual([source.flavor, source.flavor])
  expect(new Set(order.map(({ file }) => file)).size).toBeGreaterThanOrEqual(3)
  // Many commits in one second, and definitions among them.
  const seconds = Map.groupBy(order, ({ commitMicroseconds }) => Math.floor(commitMicroseconds / 1e6))
  expect(Math.max(...[...seconds.values()].map(({ length }) => length))).toBeGreaterThan(50)
  for (const verb of ['CREATE', 'ALTER', 'TRUNCATE', 'DROP']) {
    expect(order.some(({ statements }) => statements[0]?.startsWith(`${verb} TABLE`))).toBe(true)
  }
})

test('the images stand where the log says: the older one closed, the newer one open', async () => {
  const [first, second] = [...(await scenario.manager.images())]
  expect([first?.state, second?.state]).toEqual(['closed', 'open'])
  expect(first?.endPosition).toEqual(second?.position)
  expect(first?.endTime).toEqual(second?.startTime)
})

describe('a restore holds exactly the prefix the log demands', () => {
  const random = new Random(20_261_121)
  const cases: [string, MakeCase][] = [
    ...Object.entries(CASES),
    ...Array.from({ length: RANDOM_CASES }, (_, index): [string, MakeCase] => [
      `random target ${index + 1}`,
      randomCase,
    ]),
  ]
  test.concurrent.each(cases)('%s', { timeout: 600_000 }, async (_, makeCase) => {
    await slots.run(async () => await expectRestored(scenario, makeCase(scenario, random)))
  })
})
