import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { FoundTransaction, RestorePlan, RestoreTarget } from '../../../src/index.ts'
import { runCommand } from '../../cli/run-command.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { logged, prepareScene, restored } from './support.ts'
import type { Scene } from './support.ts'

const ZONES = ['UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']
/** How the same moment can be written. */
const OFFSETS = [0, 330, -210, 840]

let scene: Scene
/** In the order of the log: 1, 3, 2, 4. Number 2 was written before 3 and committed behind it. */
let all: readonly FoundTransaction[]
/** Between the statement of number 2 and its commit, and behind the commit of 3: microseconds since the epoch. */
let middle: number

beforeAll(async () => {
  // The server's own zone must not matter.
  scene = await prepareScene(['--default-time-zone=+05:30'])
  const [admin, slow] = [await scene.session(), await scene.session()]
  await sleep(2_100)
  await admin.query('INSERT INTO shop.numbers VALUES (1)')
  await sleep(1_100)
  await slow.query('BEGIN')
  await slow.query('INSERT INTO shop.numbers VALUES (2)')
  await sleep(1_100)
  await admin.query('INSERT INTO shop.numbers VALUES (3)')
  await sleep(1_100)
  await slow.query('COMMIT')
  await sleep(1_100)
  await admin.query('INSERT INTO shop.numbers VALUES (4)')
  await sleep(3_100)
  await scene.manager.archive(scene.server)
  all = await logged(scene.manager)
  middle = timeOf(1) + (flavor === 'mysql' ? 1 : 1_000_000 - 1)
  return async () => await scene[Symbol.asyncDispose]()
})

function timeOf(index: number): number {
  return all[index]!.commitTime.epochMicroseconds
}

function at(microseconds: number, offsetMinutes = 0): string {
  const local = new Date(Math.floor(microseconds / 1000) + offsetMinutes * 60_000).toISOString().slice(0, 19)
  const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60].map((n) =>
    String(n).padStart(2, '0'),
  )
  return `${local}.${String(microseconds % 1_000_000).padStart(6, '0')}${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`
}

function time(microseconds: number, exclusive = false): RestoreTarget {
  return { kind: 'time', at: at(microseconds), exclusive }
}

async function planOf(target: RestoreTarget): Promise<RestorePlan> {
  return await scene.manager.plan(target)
}

/** Expects a plan to hold the first so many of the four transactions. */
async function expectHolds(target: RestoreTarget, count: number): Promise<void> {
  const { lastIncluded, firstExcluded } = await planOf(target)
  expect([target, firstExcluded?.gtid]).toEqual([target, all[count]?.gtid])
  // Before the first of them lies what made the table.
  expect(all.findIndex(({ gtid }) => gtid === lastIncluded?.gtid)).toBe(count - 1)
}

describe('a target holds the transactions of the log up to its moment', () => {
  test('the scene is what it should be', () => {
    expect(all).toHaveLength(4)
    const seconds = all.map(({ commitTime }) => Math.floor(commitTime.epochMicroseconds / 1e6))
    expect(new Set(seconds).size).toBe(4)
  })

  test('a time: exactly that of a commit, a microsecond before it and behind it', async () => {
    for (const index of [0, 1, 2, 3]) {
      await expectHolds(time(timeOf(index)), index + 1)
      await expectHolds(time(timeOf(index) - 1), index)
      await expectHolds(time(timeOf(index) + 1), index + 1)
    }
  })

  test('an exclusive time: nothing of that moment', async () => {
    for (const index of [0, 1, 2, 3]) {
      await expectHolds(time(timeOf(index), true), index)
      // One microsecond later is another moment only where commits are recorded in microseconds.
      await expectHolds(time(timeOf(index) + 1, true), flavor === 'mysql' ? index + 1 : index)
      await expectHolds(time(timeOf(index) + 1_000_000, true), index + 1)
    }
  })

  test('a time in the middle of a transaction, which is then left out whole', async () => {
    await expectHolds(time(middle), 2)
    expect(await restored(scene.manager, await planOf(time(middle)))).toEqual([1, 3])
  })

  test('before and after each transaction, and the positions where it begins and ends', async () => {
    for (const [index, { gtid, start, end, before, after }] of all.entries()) {
      await expectHolds({ kind: 'transaction', gtid: gtid!, side: 'before' }, index)
      await expectHolds({ kind: 'transaction', gtid: gtid!, side: 'after' }, index + 1)
      await expectHolds({ kind: 'position', at: start }, index)
      await expectHolds({ kind: 'position', at: end }, index + 1)
      await expectHolds(before, index)
      await expectHolds(after, index + 1)
    }
  })

  test('latest, and on an idle server every time that is covered', async () => {
    await expectHolds({ kind: 'latest' }, 4)
    const { latest } = await scene.manager.window()
    expect(latest?.epochMicroseconds).toBeGreaterThan(timeOf(3) + 1_000_000)
    await expectHolds(time(latest!.epochMicroseconds), 4)
    await expectHolds(time(timeOf(3) + 1_000_000), 4)
    expect(await restored(scene.manager, await planOf(time(latest!.epochMicroseconds)))).toEqual([1, 2, 3, 4])
  })

  test('a time just beyond what is covered is refused, with the last possible one', async () => {
    const { latest, resolution } = await scene.manager.window()
    const beyond = latest!.epochMicroseconds + (resolution === 'second' ? 1_000_000 : 1)
    await expectPitrError(scene.manager.plan(time(beyond)), { code: 'TargetBeyondWindow', message: String(latest) })
    // Exclusive, it is the moment before.
    await expectHolds(time(beyond, true), 4)
  })

  test('the window begins with the first backup, in the resolution of the server', async () => {
    const { earliest, resolution } = await scene.manager.window()
    expect(resolution).toBe(flavor === 'mysql' ? 'microsecond' : 'second')
    expect(earliest.resolution).toBe(resolution)
    await expectHolds(time(earliest.epochMicroseconds), 0)
    await expectPitrError(scene.manager.plan(time(earliest.epochMicroseconds - 1)), { code: 'TargetBeforeWindow' })
    await expectPitrError(scene.manager.plan(time(earliest.epochMicroseconds, true)), { code: 'TargetBeforeWindow' })
  })

  test('a position inside a transaction: NotABoundary names its neighbours', async () => {
    const { start, end } = all[2]!
    const inside = { file: start.file, offset: end.offset - 1 }
    await expectPitrError(scene.manager.plan({ kind: 'position', at: inside }), {
      code: 'NotABoundary',
      message: new RegExp(`${start.offset}.*${end.offset}`, 's'),
    })
  })
})

test('transactions are found from a moment through a moment, both included', async () => {
  const search = async (from: number, to: number): Promise<readonly (string | undefined)[]> => {
    const found: FoundTransaction[] = []
    const range = { from: at(from), to: at(to), table: 'shop' }
    for await (const transaction of scene.manager.transactions(range)) found.push(transaction)
    return found.map(({ gtid }) => gtid)
  }
  const gtids = all.map(({ gtid }) => gtid)
  expect(await search(timeOf(1), timeOf(2))).toEqual(gtids.slice(1, 3))
  expect(await search(timeOf(1) + 1, timeOf(2) - 1)).toEqual(flavor === 'mysql' ? [] : gtids.slice(1, 2))
  expect(await search(timeOf(1) + 1_000_000, timeOf(2))).toEqual(gtids.slice(2, 3))
  expect(all[0]).toMatchObject({ rows: 1, changes: [{ database: 'shop', table: 'numbers', inserted: 1 }] })
})

test(
  'the same moment gives the same plan, however it is written and wherever it is planned',
  { timeout: 300_000 },
  async () => {
    const plans = await Promise.all(
      [['--json', '--quiet'], ['--quiet']].flatMap((form) =>
        ZONES.map(async (zone, i) => {
          const target = ['--time', at(middle, OFFSETS[i % OFFSETS.length])]
          const end = await runCommand(['plan', '--archive', scene.folder, ...target, ...form], { TZ: zone })
          expect(end).toMatchObject({ exitCode: 0, stderr: '' })
          return end.stdout
        }),
      ),
    )
    expect(plans[0]).toContain(all[2]?.gtid)
    expect(new Set(plans).size).toBe(2)
  },
)
