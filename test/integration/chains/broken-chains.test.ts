import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../../src/archive/archive.ts'
import {
  ARCHIVE_KEY,
  coverageNumberOf,
  isImageKey,
  isPartKey,
  segmentKey,
  timelineIdOf,
} from '../../../src/archive/layout.ts'
import type { Segment } from '../../../src/image/segment.ts'
import { directoryStorage, PitrError, RecoveryImageManager } from '../../../src/index.ts'
import type { ErrorCode, RestorePlan, TransactionFilter, TransactionRef } from '../../../src/index.ts'
import { checkPlan } from '../../../src/restore/check-plan.ts'
import { verifyBackup } from '../../../src/restore/load-backup.ts'
import { verifyLog } from '../../../src/restore/log/verify-log.ts'
import { mysqlbinlogReplayer } from '../../../src/restore/replay/mysqlbinlog.ts'
import { connect } from '../../support/connect.ts'
import { cutShort, flipBit, keysIn, linkedCopy, remove, swap } from '../../support/damage.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor, tier } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { startServer } from '../../support/servers/index.ts'
import { checksums } from '../restore/support/query.ts'
import { makeLongArchive } from './support/long-archive.ts'
import type { LongArchive } from './support/long-archive.ts'
import { isOfImage, kindOf, losesPosition, planNeeds, restoreNeeds } from './support/needs.ts'

const SEED = 20_261_121
const GONE: readonly ErrorCode[] = ['ObjectMissing', 'BrokenChain']
const CHANGED: readonly ErrorCode[] = ['CorruptManifest', 'ChecksumMismatch']

interface Damage {
  readonly name: string
  /** The codes that tell it. */
  readonly codes: readonly ErrorCode[]
  /** Does it to one object; answers with all keys at which something else is now. */
  readonly inflict: (folder: string, key: string) => Promise<readonly string[]>
}

let archive: LongArchive
let keys: readonly string[]
let plans: readonly RestorePlan[]
let segments: readonly Segment[]
let random: Random
let damages = 0

beforeAll(async () => {
  random = new Random(SEED)
  archive = await makeLongArchive()
  keys = await keysIn(archive.folder)
  const storage = directoryStorage(archive.folder)
  const manager = await RecoveryImageManager.open({ storage })
  plans = await Promise.all(archive.targets.map(async (target) => await manager.plan(target)))
  const opened = await Archive.open(storage)
  ;({ segments } = await opened.readFacts((await opened.timeline()).id))
})
afterAll(async () => await archive?.[Symbol.asyncDispose]())

test('the archive has several images, files and segments, and the plans use all of them', () => {
  expect(new Set(plans.map(({ image }) => image.id)).size).toBe(3)
  expect(new Set(segments.map(({ fileId }) => fileId)).size).toBeGreaterThanOrEqual(4)
  expect(segments.length).toBeGreaterThanOrEqual(9)
  expect(keys.filter((key) => !plans.some((plan) => planNeeds(plan, segments, key)))).toEqual([])
})

const DAMAGES: readonly Damage[] = [
  {
    name: 'removed',
    codes: GONE,
    inflict: async (folder, key) => {
      await remove(join(folder, key))
      return [key]
    },
  },
  {
    name: 'cut short',
    codes: CHANGED,
    inflict: async (folder, key) => {
      await cutShort(join(folder, key), random.next())
      return [key]
    },
  },
  {
    name: 'with one bit flipped',
    // The digit of the format is one bit away from another format.
    codes: [...CHANGED, 'UnknownFormat'],
    inflict: async (folder, key) => {
      await flipBit(join(folder, key), random.next(), random.integer(0, 7))
      return [key]
    },
  },
  {
    name: 'exchanged with another',
    codes: CHANGED,
    inflict: async (folder, key) => {
      const other = await anotherThan(key)
      await swap(join(folder, key), join(folder, other))
      return [key, other]
    },
  },
  {
    name: 'renamed',
    codes: [...GONE, ...CHANGED],
    inflict: async (folder, key) => {
      await rename(join(folder, key), await roomFor(folder, nameLike(key)))
      return [key, nameLike(key)]
    },
  },
  {
    name: 'there twice',
    codes: CHANGED,
    inflict: async (folder, key) => {
      await copyFile(join(folder, key), await roomFor(folder, nameLike(key)))
      return [nameLike(key)]
    },
  },
]

describe.each(DAMAGES)('each object in turn $name', (damage) => {
  test('what needs it fails with the right code; all else is as before', { timeout: 600_000 }, async () => {
    const wrong: string[] = []
    for (const key of keys) {
      const folder = join(archive.scratch, `damaged-${damages++}`)
      await linkedCopy(archive.folder, folder)
      const inflicted = await damage.inflict(folder, key)
      // What nothing names is read by nobody; but a record may claim to be the newest, and a timeline to be another one.
      const damaged = inflicted.filter((each) => keys.includes(each) || isFoundByName(each))
      for (const plan of somePlans(damaged)) {
        const problems = [
          await checkRestoring(folder, plan, damage, damaged),
          await checkPlanning(folder, plan, damage, damaged),
        ]
        for (const problem of problems) {
          if (problem === undefined) continue
          wrong.push(`${kindOf(key)} ${key} ${damage.name}, ${JSON.stringify(plan.target)}: ${problem}`)
        }
      }
      await rm(folder, { recursive: true })
    }
    expect(wrong).toEqual([])
  })
})

// Each object once: in both flavours together that is more than 300.
test('there were enough of them', () => {
  expect(damages).toBe(DAMAGES.length * keys.length)
  expect(damages).toBeGreaterThanOrEqual(160)
})

describe('what no single object tells', () => {
  test('the end of the log is gone with the record of it: "latest" is refused, what is there can be named', async () => {
    const folder = await copied('end-lost')
    const last = segments.at(-1)!
    await remove(join(folder, segmentKey(last)))
    const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
    const { holes, latest } = await manager.window()
    expect(holes.at(-1)).toMatchObject({ to: latest, reason: expect.stringContaining(last.fileId) })
    await expectPitrError(manager.plan({ kind: 'latest' }), { code: 'BrokenChain', subject: last.fileId })

    await remove(
      join(
        folder,
        keys.find((key) => coverageNumberOf(key) !== undefined)!,
      ),
    )
    await expectPitrError(manager.plan({ kind: 'latest' }), { code: 'ObjectMissing', subject: 'coverage' })
    const { file, to } = segments.at(-2)!
    const plan = await manager.plan({ kind: 'position', at: { file, offset: to } })
    expect(plan.stop.position).toEqual({ file, offset: to })
  })

  test('log is gone in the middle: a search says so behind what it found, and either side can be searched', async () => {
    const folder = await copied('middle-lost')
    const place = segments.findIndex(
      ({ first, last }, i) => first !== undefined && i > 2 && isLater(segments[i + 1]?.first, last),
    )
    const gone = segments[place]!
    for (const key of [segmentKey(gone), gone.blob.key]) await remove(join(folder, key))
    const all = await search(archive.folder)
    const isBefore = ({ fileId, start }: TransactionRef) =>
      segments.slice(0, place).some((each) => each.fileId === fileId && start.offset < each.to)
    const before = all.found.filter(isBefore)
    const behind = { from: segments[place + 1]!.first!.commitTime }
    expect(before.length).toBeGreaterThan(0)

    const { found, error } = await search(folder)
    expect(found).toEqual(before)
    expect(error).toMatchObject({ code: 'BrokenChain', subject: expect.stringContaining(gone.file) })
    expect(error).toMatchObject({ hint: expect.stringContaining(`from ${behind.from.toString()} on`) })
    // Not found: which may be, or not.
    expect(await search(folder, { table: 'other.never' })).toMatchObject({ found: [], error: { code: 'BrokenChain' } })
    for (const filter of [behind, { to: before[0]!.commitTime }]) {
      expect(await search(folder, filter)).toEqual({ ...(await search(archive.folder, filter)), error: undefined })
    }
  })

  test('the end of the log is gone: a search says so', async () => {
    const folder = await copied('searched-end-lost')
    const last = segments.at(-1)!
    for (const key of [segmentKey(last), last.blob.key]) await remove(join(folder, key))
    const { error } = await search(folder)
    expect(error).toMatchObject({ code: 'BrokenChain', subject: expect.stringContaining(last.fileId) })
  })

  // Nothing in an archive can tell that all of it was put back to an earlier state. It is complete, and says until when.
  test('an archive put back to an earlier state: the window ends earlier, and targets beyond it are refused', async () => {
    const before = await RecoveryImageManager.open({ storage: directoryStorage(archive.earlier) })
    const now = await RecoveryImageManager.open({ storage: directoryStorage(archive.folder) })
    const [{ latest: earlier }, { latest }] = [await before.window(), await now.window()]
    // Undefined where the second of the backup was not over then.
    expect(earlier === undefined || earlier.compare(latest!) < 0).toBe(true)
    const plan = await before.plan({ kind: 'latest' })
    expect(plan.stop).not.toEqual(plans[0]!.stop)
    await expectPitrError(before.plan({ kind: 'time', at: latest!.toString() }), { code: 'TargetBeyondWindow' })
    await expectPitrError(before.plan({ kind: 'position', at: plans[0]!.stop.position }), {
      code: 'TargetBeyondWindow',
    })
  })
})

test('with the newest backup lost, the one before it and more log give the same content', async () => {
  const folder = await copied('backup-lost')
  const plan = plans[0]!
  await remove(join(folder, plan.image.backup.parts.at(-1)!.blob.key))
  const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
  const older = await manager.plan(plan.target)
  expect(older.image.id).not.toBe(plan.image.id)
  expect(older.warnings.join()).toContain(plan.image.id)
  await using target = await startServer(flavor)
  await using server = await connect(target)
  await manager.restore(older, { into: { kind: 'server', server }, accounts: 'none' })
  expect(await checksums(target, 'shop')).toEqual(await checksums(archive.source, 'shop'))
})

async function copied(name: string): Promise<string> {
  const folder = join(archive.scratch, name)
  await linkedCopy(archive.folder, folder)
  return folder
}

/** What a search found, and how it ended. */
async function search(
  folder: string,
  filter?: TransactionFilter,
): Promise<{ readonly found: readonly TransactionRef[]; readonly error: unknown }> {
  const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
  const found: TransactionRef[] = []
  const error = await errorOf(async () => {
    for await (const transaction of manager.transactions(filter)) found.push(transaction)
  })
  return { found, error }
}

function isLater(a: TransactionRef | undefined, b: TransactionRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.commitTime.compare(b.commitTime) > 0
}

// In the short run: one that needs the object and one that does not.
function somePlans(damaged: readonly string[]): readonly RestorePlan[] {
  if (tier === 'full') return plans
  const [needing = [], others = []] = [true, false].map((wanted) =>
    plans.filter((plan) => damaged.some((key) => planNeeds(plan, segments, key)) === wanted),
  )
  return [needing, others].flatMap((some) => (some.length === 0 ? [] : [random.pick(some)]))
}

/** The plan was made before the damage. Everything a restore checks of an archive, in its order. */
async function checkRestoring(
  folder: string,
  plan: RestorePlan,
  { codes }: Damage,
  damaged: readonly string[],
): Promise<string | undefined> {
  const error = await errorOf(async () => {
    const opened = await Archive.open(directoryStorage(folder))
    const facts = await opened.readSoundFacts((await opened.timeline()).id)
    await verifyLog(opened, plan, checkPlan(opened, facts, plan), mysqlbinlogReplayer().limits, {})
    await verifyBackup(opened, plan, {})
  })
  const isNeeded = damaged.some((key) => restoreNeeds(plan, key))
  if (error === undefined) return isNeeded ? 'the restore does not notice' : undefined
  if (!isNeeded) return `the restore does not need it, but: ${describeError(error)}`
  return hasCode(error, [...codes, 'PlanMismatch'], damaged) ? undefined : `the restore: ${describeError(error)}`
}

async function checkPlanning(
  folder: string,
  plan: RestorePlan,
  { codes, name }: Damage,
  damaged: readonly string[],
): Promise<string | undefined> {
  let made: RestorePlan | undefined
  const error = await errorOf(async () => {
    const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
    made = await manager.plan(plan.target)
  })
  if (made === undefined) {
    const isNeeded = damaged.some((key) => planNeeds(plan, segments, key)) || losesPosition(plan, segments, damaged)
    if (!isNeeded) return `the plan does not need it, but: ${describeError(error)}`
    // Nothing tells a first image without manifest from a backup that was killed.
    const isForgotten =
      damaged.some((key) => isImageKey(key) && planNeeds(plan, segments, key)) &&
      GONE.some((code) => codes.includes(code))
    return hasCode(error, [...codes, ...(isForgotten ? (['TargetBeforeWindow'] as const) : [])], damaged)
      ? undefined
      : `the plan: ${describeError(error)}`
  }
  if (JSON.stringify(made) === JSON.stringify(plan)) return undefined
  const isSame =
    isSameContent(made, plan) &&
    (made.image.id === plan.image.id ? isSameWay(made, plan) : isOlderImage(made, plan, damaged))
  const isForgotten = name === 'removed' && damaged.some(isImageKey)
  const isSaid = isForgotten || made.warnings.length > plan.warnings.length
  if (isSame && isSaid) return undefined
  return `another plan: from image ${made.image.id} to ${JSON.stringify(made.stop.position)}: ${made.warnings.join(' ')}`
}

/** Whether a restore by either would have the same content. */
function isSameContent(made: RestorePlan, plan: RestorePlan): boolean {
  const contentOf = ({ target, gtids, stop }: RestorePlan): unknown => ({ target, stop, gtids: gtids?.after })
  return (
    JSON.stringify(contentOf(made)) === JSON.stringify(contentOf(plan)) &&
    isSameOrUnknown(plan.lastIncluded, made.lastIncluded) &&
    isSameOrUnknown(plan.firstExcluded, made.firstExcluded)
  )
}

/** Where the stop is known without them, the transactions next to it are for people only, and a warning says that they are not known. */
function isSameOrUnknown(before: TransactionRef | undefined, after: TransactionRef | undefined): boolean {
  return after === undefined || (before?.start.offset === after.start.offset && before.fileId === after.fileId)
}

function isSameWay(made: RestorePlan, plan: RestorePlan): boolean {
  const wayOf = ({ image, segments: read, start, counts }: RestorePlan): unknown => ({ image, read, start, counts })
  return JSON.stringify(wayOf(made)) === JSON.stringify(wayOf(plan))
}

/** A damaged backup is no reason not to start from the one before it. */
function isOlderImage(made: RestorePlan, plan: RestorePlan, damaged: readonly string[]): boolean {
  return (
    made.image.startTime.compare(plan.image.startTime) < 0 &&
    damaged.some((key) => (isPartKey(key) || isImageKey(key)) && isOfImage(plan, key))
  )
}

async function errorOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}

function hasCode(error: unknown, codes: readonly ErrorCode[], damaged: readonly string[]): boolean {
  if (!(error instanceof PitrError)) return false
  return codes.includes(error.code) || (error.code === 'ArchiveNotFound' && damaged.includes(ARCHIVE_KEY))
}

function describeError(error: unknown): string {
  return error instanceof PitrError ? `${error.code} (${error.message})` : String(error)
}

function isFoundByName(key: string): boolean {
  return coverageNumberOf(key) !== undefined || timelineIdOf(key) !== undefined
}

/** Another object, of the same kind where there is one, with other content. */
async function anotherThan(key: string): Promise<string> {
  const bytes = await readFile(join(archive.folder, key))
  const others: string[] = []
  for (const other of keys) {
    if (!(await readFile(join(archive.folder, other))).equals(bytes)) others.push(other)
  }
  const alike = others.filter((other) => kindOf(other) === kindOf(key))
  return random.pick(alike.length > 0 ? alike : others)
}

/** A key like this one, as far as keys have patterns: with another last digit. */
function nameLike(key: string): string {
  const [, stem = key, suffix = ''] = /^(.*?)((?:\.[a-z]+)?)$/.exec(key) ?? []
  const digit = /\d(?=\D*$)/
  return digit.test(stem)
    ? `${stem.replace(digit, (found) => String((Number(found) + 1) % 10))}${suffix}`
    : `${stem}-other${suffix}`
}

async function roomFor(folder: string, key: string): Promise<string> {
  const path = join(folder, key)
  await mkdir(dirname(path), { recursive: true })
  return path
}
