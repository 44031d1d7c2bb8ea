import type { RestoreTarget } from '../../../src/index.ts'
import type { Random } from '../../support/random.ts'
import type { LoggedTransaction, Wanted } from '../../support/oracle/index.ts'
import { countBefore } from './scenario.ts'
import type { Scenario } from './scenario.ts'

/** A restore target, in the library's words and in the oracle's. */
export interface Case {
  readonly target: RestoreTarget
  readonly wanted: Wanted
}

/** Thinks up a target in the history of a scenario. */
export type MakeCase = (scenario: Scenario, random: Random) => Case

/** A target of every kind, and every edge a prefix can have. */
export const CASES: Readonly<Record<string, MakeCase>> = {
  latest: () => ({ target: { kind: 'latest' }, wanted: { kind: 'latest' } }),
  'the time of a commit': (scenario, random) => atTime(timeOf(some(scenario, random))),
  'just before the time of a commit': (scenario, random) => {
    const { commitMicroseconds: at } = some(scenario, random)
    return atTime(at - (scenario.source.flavor === 'mysql' ? 1 : 1_000_000))
  },
  'the time of a commit, exclusive': (scenario, random) => atTime(timeOf(some(scenario, random)), { exclusive: true }),
  'just behind the time of a commit, exclusive': (scenario, random) =>
    atTime(timeOf(some(scenario, random)) + 1, { exclusive: true }),
  'a Date between commits': (scenario, random) => {
    const date = new Date(Math.floor(timeOf(some(scenario, random)) / 1000) + random.integer(0, 30))
    return {
      target: { kind: 'time', at: date },
      wanted: { kind: 'time', microseconds: date.getTime() * 1000, exclusive: false },
    }
  },
  'the end of a long transaction, exclusive, in another zone': (scenario, random) =>
    atTime(timeOf(longOne(scenario, random)), { exclusive: true, offsetMinutes: 330 }),
  'between the statements and the commit of a long transaction': (scenario, random) =>
    atTime(timeOf(longOne(scenario, random)) - random.integer(1, 1_100_000)),
  'after a GTID': (scenario, random) => atGtid(some(scenario, random), 'after'),
  'before a GTID': (scenario, random) => atGtid(some(scenario, random), 'before'),
  'before the first transaction behind the first image': (scenario) =>
    atGtid(at(scenario, countBefore(scenario, imageOf(scenario, 0))), 'before'),
  'before the last transaction of the first image': (scenario) =>
    atGtid(at(scenario, countBefore(scenario, imageOf(scenario, 1)) - 1), 'before'),
  'before a DROP TABLE': (scenario, random) => {
    const drops = restorable(scenario).filter(({ statements }) =>
      statements.some((text) => text.startsWith('DROP TABLE')),
    )
    return atGtid(random.pick(drops), 'before')
  },
  'between XA PREPARE and its end': (scenario, random) => {
    const prepared = restorable(scenario).filter((logged) => scenario.ledger.isPrepare(logged))
    return atGtid(random.pick(prepared), 'after')
  },
  'behind a row of a table without transactions': (scenario, random) => {
    const alone = restorable(scenario).filter((logged) => scenario.ledger.isNonTransactional(logged))
    return atGtid(random.pick(alone), 'after')
  },
  'the position behind a transaction': (scenario, random) => {
    const { file, end } = some(scenario, random)
    return atPosition({ file, offset: end })
  },
  'the position of the first transaction of a later file': (scenario, random) => {
    const firsts = restorable(scenario).filter(({ file }, index, all) => index > 0 && file !== all[index - 1]?.file)
    const { file, start } = random.pick(firsts)
    return atPosition({ file, offset: start })
  },
}

/** A target of a kind that chance picks: for long runs. */
export const randomCase: MakeCase = (scenario, random) => {
  const make = random.pick([
    CASES['the time of a commit'],
    CASES['just before the time of a commit'],
    CASES['the time of a commit, exclusive'],
    CASES['just behind the time of a commit, exclusive'],
    CASES['a Date between commits'],
    CASES['between the statements and the commit of a long transaction'],
    CASES['between XA PREPARE and its end'],
    CASES['behind a row of a table without transactions'],
    CASES['before a DROP TABLE'],
    CASES['after a GTID'],
    CASES['before a GTID'],
    CASES['the position behind a transaction'],
  ])
  if (make === undefined) throw new Error('a case was renamed')
  return make(scenario, random)
}

function atTime(
  microseconds: number,
  { exclusive = false, offsetMinutes = 0 }: { exclusive?: boolean; offsetMinutes?: number } = {},
): Case {
  return {
    target: { kind: 'time', at: isoText(microseconds, offsetMinutes), exclusive },
    wanted: { kind: 'time', microseconds, exclusive },
  }
}

function atGtid({ gtid, file, start }: LoggedTransaction, side: 'before' | 'after'): Case {
  if (gtid === undefined) throw new Error(`the transaction at ${file}:${start} has no GTID`)
  const target = { kind: 'transaction', gtid, side } as const
  return { target, wanted: target }
}

function atPosition(position: { readonly file: string; readonly offset: number }): Case {
  const target = { kind: 'position', at: position } as const
  return { target, wanted: target }
}

// Without the tests' own help of the library: its way of writing times is under test as well.
function isoText(microseconds: number, offsetMinutes: number): string {
  const local = new Date(Math.floor(microseconds / 1000) + offsetMinutes * 60_000).toISOString().slice(0, 19)
  const fraction = String(microseconds % 1_000_000).padStart(6, '0')
  if (offsetMinutes === 0) return `${local}.${fraction}Z`
  const [hours, minutes] = [Math.floor(offsetMinutes / 60), offsetMinutes % 60]
  return `${local}.${fraction}+${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
}

function timeOf({ commitMicroseconds }: LoggedTransaction): number {
  return commitMicroseconds
}

// What can be aimed at by time as well: one second behind the first image, whose start a second may straddle.
function restorable(scenario: Scenario): readonly LoggedTransaction[] {
  const { startTime } = imageOf(scenario, 0)
  const first = countBefore(scenario, imageOf(scenario, 0))
  return scenario.order
    .slice(first + 1)
    .filter(({ commitMicroseconds }) => commitMicroseconds > startTime.epochMicroseconds + 2_000_000)
}

function some(scenario: Scenario, random: Random): LoggedTransaction {
  return random.pick(restorable(scenario))
}

// A transaction that was open for more than a second before it committed: others committed in between.
function longOne(scenario: Scenario, random: Random): LoggedTransaction {
  const long = restorable(scenario).filter(({ label }) => label !== undefined && scenario.ledger.isLong(label))
  return random.pick(long.length > 0 ? long : restorable(scenario))
}

function at({ order }: Scenario, index: number): LoggedTransaction {
  const logged = order[index]
  if (logged === undefined) throw new Error(`the log has no transaction ${index}`)
  return logged
}

function imageOf({ images }: Scenario, index: number): Scenario['images'][number] {
  const image = images[index]
  if (image === undefined) throw new Error(`there is no image ${index}`)
  return image
}
