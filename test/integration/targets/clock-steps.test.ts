import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { EventType } from '../../../src/binlog/event-type.ts'
import type { FoundTransaction, PitrError, RestoreTarget } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { logged, prepareScene, restored } from './support.ts'
import type { Scene } from './support.ts'

/** When the numbers 1, 2, 3, ... commit, in seconds: the clock steps back three times. */
const SECONDS = [0, 2, 4, 1, 3, 5, 2, 6]

let scene: Scene
let all: readonly FoundTransaction[]
let base: number

beforeAll(async () => {
  scene = await prepareScene()
  const admin = await scene.session()
  // Their own file, so that the bytes that were archived with the backup stay as they are.
  await admin.query('FLUSH BINARY LOGS')
  base = Math.floor(Date.now() / 1000) + 2
  for (const [i, second] of SECONDS.entries()) {
    if (flavor === 'mariadb') await admin.query(`SET timestamp = ${base + second}`)
    await admin.query('INSERT INTO shop.numbers VALUES (?)', [i + 1])
  }
  if (flavor === 'mysql') await stepClockBack(scene)
  await sleep(Math.max(0, (base + 9) * 1000 - Date.now()))
  await using server = await connect(scene.source)
  await scene.manager.archive(server)
  all = await logged(scene.manager)
  return async () => await scene[Symbol.asyncDispose]()
})

/**
 * MySQL takes no clock but the machine's: the commit times in its log are rewritten while it is stopped. The checksums are
 * right, and it sends the log like any other.
 */
async function stepClockBack({ source }: Scene): Promise<void> {
  if (source.dataDirectory === undefined) throw new Error('this test needs the data directory of its server')
  await source.kill('SIGTERM')
  const files = (await readdir(source.dataDirectory)).filter((name) => /^binlog\.\d+$/.test(name)).toSorted()
  const path = join(source.dataDirectory, files.at(-1)!)
  const bytes = await readFile(path)
  let next = 0
  for (let offset = 4; offset < bytes.length; offset += bytes.readUInt32LE(offset + 9)) {
    if (bytes[offset + 4] !== EventType.Gtid) continue
    const end = offset + bytes.readUInt32LE(offset + 9) - 4
    // 55 bits behind the header and the 42 bytes of older versions; the highest bit says something else.
    const microseconds = BigInt(base + SECONDS[next++]!) * 1_000_000n
    const flag = bytes[offset + 19 + 48]! & 0x80
    for (let i = 0; i < 7; i++) bytes[offset + 19 + 42 + i] = Number((microseconds >> BigInt(8 * i)) & 0xffn)
    bytes[offset + 19 + 48]! |= flag
    bytes.writeUInt32LE(crc32(bytes.subarray(offset, end)), end)
  }
  expect(next).toBe(SECONDS.length)
  await writeFile(path, bytes)
  await source.restart()
}

function time(second: number, exclusive = false): RestoreTarget {
  return { kind: 'time', at: new Date((base + second) * 1000), exclusive }
}

/** How many of the numbers a plan holds: all before the first left out. */
async function held(target: RestoreTarget, ambiguous?: 'first' | 'last'): Promise<number> {
  const { firstExcluded } = await scene.manager.plan(target, { ambiguous })
  return firstExcluded === undefined ? all.length : all.findIndex(({ gtid }) => gtid === firstExcluded.gtid)
}

function candidatesOf({
  details,
}: PitrError): readonly { readonly position: { readonly file: string; readonly offset: number } }[] {
  return details['candidates'] as ReturnType<typeof candidatesOf>
}

describe('where commit times go back', () => {
  test('the log says what was meant', () => {
    expect(all.map(({ commitTime }) => commitTime.epochMicroseconds / 1e6 - base)).toEqual(SECONDS)
  })

  test('a time that one place fits is planned', async () => {
    expect(await held(time(6))).toBe(8)
    expect(await held(time(0))).toBe(1)
    expect(await held(time(1, true))).toBe(1)
  })

  test('a time that several places fit is AmbiguousTime, which lists them all', async () => {
    const error = await expectPitrError(scene.manager.plan(time(3)), { code: 'AmbiguousTime', message: '3 places' })
    expect(candidatesOf(error).map(({ position }) => position)).toEqual([all[2], all[5], all[7]].map((t) => t?.start))
    const exclusive = await expectPitrError(scene.manager.plan(time(2, true)), { code: 'AmbiguousTime' })
    expect(candidatesOf(exclusive).map(({ position }) => position)).toEqual([all[1], all[4]].map((t) => t?.start))
  })

  test('the caller takes the first, the last, or one of the positions, and the plan shows the choice', async () => {
    expect(await held(time(3), 'first')).toBe(2)
    expect(await held(time(3), 'last')).toBe(7)
    expect(await held({ kind: 'position', at: all[5]!.start })).toBe(5)
    const plan = await scene.manager.plan(time(3), { ambiguous: 'last' })
    expect(plan.ambiguous).toBe('last')
    expect(plan.toText()).toContain('the last place in the log that fits')
    expect(await held(time(6), 'first')).toBe(8)
  })

  test('restored, each choice is a prefix of the log', { timeout: 240_000 }, async () => {
    for (const [ambiguous, count] of [
      ['first', 2],
      ['last', 7],
    ] as const) {
      const numbers = await restored(scene.manager, await scene.manager.plan(time(3), { ambiguous }))
      expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    }
  })
})
