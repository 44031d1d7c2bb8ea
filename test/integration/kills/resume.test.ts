import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Progress, RestoreReport } from '../../../src/index.ts'
import { collect } from '../../storage/content.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor, tier } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { run } from '../restore/support/query.ts'
import { expectWhole, ResumeScene } from './support/resume-scene.ts'

// Another seed, other moments: MYSQL_PITR_TEST_SEED.
const SEED = Number(process.env['MYSQL_PITR_TEST_SEED'] ?? 20_261_121)
const isFull = tier === 'full'
const [CLIENT_KILLS, SERVER_KILLS] = isFull ? [50, 8] : [1, 1]

// In a container the programs of a killed process live on, and do not notice.
const skip = process.env['MYSQL_PITR_TEST_PROVIDER'] === 'docker'

// A server that loses nothing of its log: MySQL's default.
const DURABLE = ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1']
const DURABILITIES = ['full', 'relaxed'] as const
const HISTORIES = {
  mysql: [
    { name: 'with GTIDs', counts: true, source: [], target: DURABLE },
    { name: 'without GTIDs', counts: false, source: ['--gtid-mode=OFF'], target: ['--gtid-mode=OFF', ...DURABLE] },
  ],
  mariadb: [
    { name: 'with a binary log', counts: true, source: [], target: DURABLE },
    { name: 'without a binary log', counts: false, source: [], target: ['--skip-log-bin', ...DURABLE] },
  ],
}[flavor]

describe.each(HISTORIES)('a direct replay $name', { timeout: 3_600_000 }, ({ name, counts, ...options }) => {
  let scene: ResumeScene
  let random: Random
  beforeAll(async () => {
    scene = await ResumeScene.make(options)
    random = new Random(SEED)
  })
  afterAll(async () => await scene?.[Symbol.asyncDispose]())

  test('that was stopped goes on where it was, and says so', async () => {
    await scene.stopMidway()
    const progress: Progress[] = []
    const report = await scene.restore({ onProgress: (each) => progress.push(each) })
    await expectWhole(scene, report)
    expect(report.resumedAt).toBeDefined()
    expect(progress.find(({ kind }) => kind === 'restore:load')).toBeUndefined()
    const first = progress.find(({ kind }) => kind === 'restore:replay')
    expect(first?.transactions).toBeGreaterThan(120)
    expect(first?.percent).toBeGreaterThan(10)
  })

  test.runIf(counts || isFull)(
    'that skips transactions and was stopped, or killed with its process, goes on without them',
    async () => {
      const { manager } = scene.prepared
      const inserts = await collect(manager.transactions({ table: 'shop.keyless', kind: 'row' }))
      const skipping = await scene.withPlan(
        await manager.plan({ kind: 'latest' }, { skip: inserts.filter((_, i) => i % 3 < 2) }),
      )
      expect(skipping.content).not.toEqual(scene.content)
      await skipping.stopMidway()
      const report = await skipping.restore()
      expect(report.resumedAt).toBeDefined()
      expect(report.skipped.length).toBeGreaterThan(100)
      await expectWhole(skipping, report)
      if (skip) return
      await expectWhole(
        skipping,
        await skipping.killClient(random.integer(0, Math.ceil(report.phases.replay!)), {}, {}),
      )
    },
  )

  test.runIf(counts || isFull)('of a chosen table that was stopped goes on, and leaves out the others', async () => {
    const { manager } = scene.prepared
    const chosen = await scene.withPlan(
      await manager.plan({ kind: 'latest' }, { only: { tables: ['shop.counts', 'shop.keyless'] } }),
    )
    expect(Object.keys(chosen.content)).toEqual(['shop.counts', 'shop.keyless'])
    expect(chosen.content).toEqual(
      Object.fromEntries(Object.entries(scene.content).filter(([name]) => name in chosen.content)),
    )
    await chosen.stopMidway({}, 3)
    const report = await chosen.restore()
    expect(report.resumedAt).toBeDefined()
    await expectWhole(chosen, report)
  })

  test.runIf(counts)('does not go on where it cannot be sure, and says why', async () => {
    const said: string[] = []
    const logger = { debug: ignore, info: (text: string) => said.push(text), warn: (text: string) => said.push(text) }
    await scene.stopMidway()
    await run(scene.target, ['CREATE TABLE shop.of_somebody_else (id INT PRIMARY KEY)'])
    await scene.stopMidway({ logger })
    expect(said.join()).toContain('the target has executed something else')

    await scene.target.kill('SIGKILL')
    await scene.target.restart()
    await scene.stopMidway({ logger })
    expect(said.join()).toContain('the target was restarted, and by its settings a crash may take back commits')

    // What was refused would be so again, and again.
    await run(scene.target, ['SET SESSION sql_log_bin = 0', 'DROP TABLE shop.counts'])
    await expectPitrError(scene.restore(), { code: 'ReplayFailed', message: /counts/ })
    const report = await scene.restore()
    expect(report.resumedAt).toBeUndefined()
    await expectWhole(scene, report)
  })

  test.runIf(!skip && (counts || isFull))(
    `killed with its process at ${CLIENT_KILLS} random moments ends in the same place`,
    async () => {
      const resumed = await resumedOf(CLIENT_KILLS, (delayMs) => {
        const preserveTransactions = counts && random.chance(1 / 2)
        const [first, then] = [random.pick(DURABILITIES), random.pick(DURABILITIES)]
        return scene.killClient(
          delayMs,
          { preserveTransactions, durability: first },
          { preserveTransactions, durability: then },
        )
      })
      expect(resumed).toBeGreaterThanOrEqual(isFull ? CLIENT_KILLS / 4 : 0)
    },
  )

  test.runIf(!skip && (counts || isFull)).each(DURABILITIES)(
    `with %s durability, whose target is killed at ${SERVER_KILLS} random moments, ends in the same place`,
    async (durability) => {
      const resumed = await resumedOf(SERVER_KILLS, (delayMs) => scene.killServer(delayMs, durability))
      // Without GTIDs nobody knows what others wrote, when the restart opened the target: the test servers read nothing
      // that was persisted. What was committed relaxed may be lost.
      const canResume = counts && durability === 'full'
      expect(resumed).toBeLessThanOrEqual(canResume ? SERVER_KILLS : 0)
      expect(resumed).toBeGreaterThanOrEqual(canResume && isFull ? SERVER_KILLS / 8 : 0)
    },
  )

  /** How many of so many restores, each stopped at a random moment of its replay, were gone on with. */
  async function resumedOf(
    count: number,
    stop: (delayMs: number) => Promise<RestoreReport | undefined>,
  ): Promise<number> {
    let resumed = 0
    for (let i = 0; i < count; i++) {
      const delayMs = random.integer(0, Math.ceil(scene.undisturbed.phases.replay!))
      try {
        const report = await stop(delayMs)
        await expectWhole(scene, report)
        if (report?.resumedAt !== undefined) resumed++
      } catch (error) {
        throw new Error(`stopped ${delayMs} ms behind the begin of the replay (seed ${SEED})`, { cause: error })
      }
    }
    console.log(`${flavor} ${name}: gone on with ${resumed} of ${count}`)
    return resumed
  }
})

function ignore(): void {}
