import { rm } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { directoryStorage, mysqldump, PitrError, RecoveryImageManager } from '../../../src/index.ts'
import type { RestorePlan, RestoreReport } from '../../../src/index.ts'
import { endOf, startChild } from '../../support/child/child.ts'
import type { Finished, Moment } from '../../support/child/child-main.ts'
import { connect } from '../../support/connect.ts'
import { flavor, tier } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { checksums, run } from '../restore/support/query.ts'
import { settings } from '../restore/support/target-state.ts'
import { contentsOf } from './support/contents.ts'
import type { Contents } from './support/contents.ts'
import { randomMoments } from './support/moments.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

// Another seed, other moments: MYSQL_PITR_TEST_SEED.
const SEED = Number(process.env['MYSQL_PITR_TEST_SEED'] ?? 20_261_121)
const MOMENTS = tier === 'full' ? 44 : 6

// In a container the programs of a killed process live on, and do not notice.
const skip = process.env['MYSQL_PITR_TEST_PROVIDER'] === 'docker'

let prepared: Prepared
let random: Random
beforeAll(async () => {
  random = new Random(SEED)
  prepared = await prepare()
})
afterAll(async () => await prepared?.[Symbol.asyncDispose]())

describe.skipIf(skip)(`a process killed at ${MOMENTS} random moments`, { timeout: 3_600_000 }, () => {
  test('of an archive pass: the archive is whole at each, and the next pass ends where one undisturbed pass ends', async () => {
    const undisturbed = await prepared.copy(prepared.behind)
    const finished = await runToEnd('archive', undisturbed.folder)
    const wanted = await contentsOf(undisturbed.folder)
    expect(wanted).toEqual(await contentsOf(prepared.whole))

    await using server = await connect(prepared.source)
    const killed = await atMoments(finished, async (moment) => {
      const { folder, manager } = await prepared.copy(prepared.behind)
      const end = await endOf(startChild('archive', folder, { server: prepared.source, kill: moment }))
      const half = await contentsOf(folder)
      expect(half.backups).toEqual(wanted.backups)
      await verifyLatest(manager)

      await manager.archive(server)
      expect(await contentsOf(folder)).toEqual(wanted)
      await verifyLatest(manager)
      await rm(folder, { recursive: true })
      return end
    })
    expect(killed).toBeGreaterThan(MOMENTS / 3)
  })

  test('of a backup: no half of it is an image, and the next backup is like one undisturbed', async () => {
    const undisturbed = await prepared.copy(prepared.behind)
    const finished = await runToEnd('backup', undisturbed.folder)
    const wanted = await contentsOf(undisturbed.folder)
    expect(wanted.backups).toHaveLength(2)

    await using server = await connect(prepared.source)
    const killed = await atMoments(finished, async (moment) => {
      const { folder, manager } = await prepared.copy(prepared.behind)
      const end = await endOf(startChild('backup', folder, { server: prepared.source, kill: moment }))
      // Throws when a part of a listed image is missing or not what its manifest says.
      const { backups } = await contentsOf(folder)
      const [before] = wanted.backups
      // The last step is the manifest: behind it the image is there, whether or not anybody was told.
      expect([[before], wanted.backups]).toContainEqual(backups)
      expect(end === undefined || backups.length === 2).toBe(true)
      expect([...(await manager.images())]).toHaveLength(backups.length)

      await manager.backup(server, { method: mysqldump() })
      expect(await contentsOf(folder)).toEqual(withAnother(wanted, backups.length))
      await rm(folder, { recursive: true })
      return end
    })
    expect(killed).toBeGreaterThan(MOMENTS / 3)
  })

  test('of a restore: nothing half restored is open or reported, and the next restore ends in the same place', async () => {
    const manager = await RecoveryImageManager.open({ storage: directoryStorage(prepared.whole) })
    const plan = await manager.plan({ kind: 'latest' })
    const content = await checksums(prepared.source, 'shop')
    await using target = await startServer(flavor)
    const before = await settings(target)
    const finished = await runToEnd('restore', prepared.whole, plan, target)
    expect(await checksums(target, 'shop')).toEqual(content)
    await forget(target)

    const killed = await atMoments(finished, async (moment) => {
      const end = await endOf(
        startChild('restore', prepared.whole, { server: target, plan: plan.toJSON(), kill: moment }),
      )
      const isOpen = await isWhole(target, content)
      expect(end === undefined || isOpen).toBe(true)
      const report = isOpen ? plan.replayed : await restoreAgain(manager, plan, target)
      expect(report).toMatchObject({ ...plan.replayed })
      expect(await checksums(target, 'shop')).toEqual(content)
      expect(await settings(target)).toEqual(before)
      expect(await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])).toEqual([])
      await forget(target)
      return end
    })
    expect(killed).toBeGreaterThan(MOMENTS / 3)
  })
})

async function runToEnd(
  operation: 'backup' | 'archive' | 'restore',
  folder: string,
  plan?: RestorePlan,
  server: TestServer = prepared.source,
): Promise<Finished> {
  const finished = await endOf(startChild(operation, folder, { server, plan: plan?.toJSON() }))
  if (finished === undefined) throw new Error('it was killed, but not by us')
  return finished
}

/** Tries all moments; how many of them were in time. */
async function atMoments(
  finished: Finished,
  attempt: (moment: Moment) => Promise<Finished | undefined>,
): Promise<number> {
  let killed = 0
  for (const moment of randomMoments(random, MOMENTS, finished)) {
    try {
      if ((await attempt(moment)) === undefined) killed++
    } catch (error) {
      throw new Error(`killed ${moment.delayMs} ms behind step ${moment.step} of ${finished.steps} (seed ${SEED})`, {
        cause: error,
      })
    }
  }
  console.log(
    `${flavor}: ${killed} of ${MOMENTS} killed in time; undisturbed ${finished.steps} steps, ${Math.round(finished.elapsedMs)} ms`,
  )
  return killed
}

async function verifyLatest(manager: RecoveryImageManager): Promise<void> {
  const plan = await manager.plan({ kind: 'latest' })
  expect(plan.warnings).toEqual([])
}

function withAnother({ backups, ...log }: Contents, count: number): Contents {
  const [first, second] = backups
  return { ...log, backups: [first!, ...Array.from({ length: count }, () => second!)] }
}

/** Whether it is open to everybody with all of the content. Throws when it is open with a part of it. */
async function isWhole(target: TestServer, content: Readonly<Record<string, unknown>>): Promise<boolean> {
  const marked = await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])
  const [row] = await run(target, ['SELECT @@GLOBAL.read_only AS readOnly'])
  const found = await checksums(target, 'shop')
  const isEmpty = Object.keys(found).length === 0
  const isAll = isDeepStrictEqual(found, content)
  if (row?.['readOnly'] === 0 && !isEmpty && !isAll) throw new Error(`half restored and open: ${JSON.stringify(found)}`)
  if (marked.length === 0 && !isEmpty && !isAll) throw new Error(`half restored and unmarked: ${JSON.stringify(found)}`)
  return marked.length === 0 && isAll
}

/** At once; the server may need a moment to notice that the killed process is gone. */
async function restoreAgain(
  manager: RecoveryImageManager,
  plan: RestorePlan,
  target: TestServer,
): Promise<RestoreReport> {
  for (;;) {
    await using server = await connect(target)
    try {
      return await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
    } catch (error) {
      if (!(error instanceof PitrError) || error.code !== 'TargetBusy') throw error
    }
  }
}

async function forget(target: TestServer): Promise<void> {
  const reset =
    flavor === 'mysql' ? ['RESET BINARY LOGS AND GTIDS'] : ['RESET MASTER', "SET GLOBAL gtid_slave_pos = ''"]
  await run(target, ['DROP DATABASE shop', ...reset])
}
