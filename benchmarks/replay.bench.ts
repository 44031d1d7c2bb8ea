// npm run bench -- replay [--flavor mysql|mariadb] [--workload sysbench|blobs|ddl] [--transactions N]: one log, brought by
// every way into a new server that holds the same base: the pipe of the manuals, a real replica, and our replayers, one
// after the other. The figure is what the replay alone takes. Both flavors and all workloads unless told otherwise.
import { parseArgs } from 'node:util'
import type { Durability } from '../src/index.ts'
import { startServer } from '../test/support/servers/index.ts'
import type { Flavor } from '../test/support/servers/index.ts'
import { prepareContest } from './replay/contest.ts'
import type { Contest } from './replay/contest.ts'
import { query } from './replay/query.ts'
import { ours, pipe, replica } from './replay/ways.ts'
import type { Way } from './replay/ways.ts'
import { WORKLOADS } from './replay/workloads.ts'
import type { Workload } from './replay/workloads.ts'
import type { BenchResult, Cell, Goal } from './support/bench-result.ts'

const RUNS = {
  pipe: { way: pipe, durability: 'full' },
  replica: { way: replica, durability: 'full' },
  mysqlbinlog: { way: ours('mysqlbinlog'), durability: 'full' },
  direct: { way: ours('direct'), durability: 'full' },
  pipeRelaxed: { way: pipe, durability: 'relaxed' },
  replicaRelaxed: { way: replica, durability: 'relaxed' },
  directRelaxed: { way: ours('direct'), durability: 'relaxed' },
  preservingRelaxed: { way: ours('direct', { preserveTransactions: true }), durability: 'relaxed' },
} as const satisfies Readonly<Record<string, { way: Way; durability: Durability }>>

type RunName = keyof typeof RUNS

/** So many times as fast as another way `direct` must be; without one of the two runs there is no goal. */
interface Ratio {
  readonly of: RunName
  readonly to: RunName
  readonly goal: number
}

const SYSBENCH_GOALS: Readonly<Record<Flavor, readonly Ratio[]>> = {
  mysql: [
    { of: 'direct', to: 'pipe', goal: 25 },
    { of: 'direct', to: 'replica', goal: 2 },
    { of: 'directRelaxed', to: 'replicaRelaxed', goal: 2 },
  ],
  mariadb: [
    { of: 'direct', to: 'pipe', goal: 10 },
    { of: 'directRelaxed', to: 'pipeRelaxed', goal: 8 },
    { of: 'directRelaxed', to: 'replicaRelaxed', goal: 2 },
  ],
}
const GOALS: Readonly<Record<string, Readonly<Record<Flavor, readonly Ratio[]>>>> = {
  sysbench: SYSBENCH_GOALS,
  blobs: both({ of: 'direct', to: 'pipe', goal: 5 }),
  ddl: both({ of: 'direct', to: 'pipe', goal: 3 }),
}
const GOAL_OWN_BINLOG = 1.5

/** What one way took. */
interface Outcome {
  readonly seconds: number
  /** Bytes in the target's own binary log when it was there, and before. */
  readonly ownBinlog: number
  readonly checksums: string
}

/** Runs the benchmark. */
export async function bench(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { flavor: { type: 'string' }, workload: { type: 'string' }, transactions: { type: 'string' } },
  })
  const flavors = values.flavor === undefined ? (['mysql', 'mariadb'] as const) : [values.flavor as Flavor]
  const rows: Cell[][] = []
  const goals: Goal[] = []
  const serverVersions: string[] = []
  for (const name of values.workload === undefined ? Object.keys(WORKLOADS) : [values.workload]) {
    const workload = WORKLOADS[name]
    if (workload === undefined) throw new Error(`no workload ${name}; there are ${Object.keys(WORKLOADS).join(', ')}`)
    for (const flavor of flavors) {
      await using contest = await prepareContest(flavor, workload, Number(values.transactions ?? workload.transactions))
      if (!serverVersions.includes(contest.source.version)) serverVersions.push(contest.source.version)
      const ratios = GOALS[name]?.[flavor] ?? []
      const outcomes = await runAll(flavor, workload, contest, name === 'sysbench' ? allRuns() : namedIn(ratios))
      rows.push(...rowsOf(`${flavor} ${name}`, contest, outcomes))
      goals.push(...(await goalsOf(`${flavor} ${name}`, workload, contest, outcomes, ratios)))
    }
  }
  const columns = ['log', 'way', 'durability', 'transactions', 'log MB', 'seconds', 'tx/s', 'x pipe', 'own log MB']
  return { columns, rows, goals, serverVersions }
}

type Outcomes = ReadonlyMap<RunName, Outcome>

async function runAll(
  flavor: Flavor,
  workload: Workload,
  contest: Contest,
  runs: readonly RunName[],
): Promise<Outcomes> {
  const outcomes = new Map<RunName, Outcome>()
  for (const run of runs) {
    const { way, durability } = RUNS[run]
    await using target = await startServer(flavor, { options: way.options(durability) })
    const seconds = await way.replay(contest, target, durability)
    const logs = await query(target, 'SHOW BINARY LOGS')
    const ownBinlog = logs.reduce((sum, { File_size: bytes }) => sum + Number(bytes), 0)
    outcomes.set(run, { seconds, ownBinlog, checksums: await checksumsOf(workload, target) })
    process.stderr.write(`${flavor}: ${way.name}, ${durability}: ${seconds.toFixed(1)} s\n`)
  }
  return outcomes
}

function rowsOf(log: string, { all }: Contest, outcomes: Outcomes): Cell[][] {
  const { transactions } = all.replayed
  return [...outcomes].map(([run, { seconds, ownBinlog }]) => {
    const { way, durability } = RUNS[run]
    const pipeSeconds = outcomes.get(durability === 'full' ? 'pipe' : 'pipeRelaxed')?.seconds ?? Number.NaN
    const megabytes = all.bytes.binlog / 1e6
    const perSecond = Math.round(transactions / seconds)
    return [
      log,
      way.name,
      durability,
      transactions,
      megabytes,
      seconds,
      perSecond,
      pipeSeconds / seconds,
      ownBinlog / 1e6,
    ]
  })
}

async function goalsOf(
  log: string,
  workload: Workload,
  { source, all }: Contest,
  outcomes: Outcomes,
  ratios: readonly Ratio[],
): Promise<Goal[]> {
  const expected = await checksumsOf(workload, source)
  const equal = [...outcomes.values()].every(({ checksums }) => checksums === expected)
  const ownBinlog = (outcomes.get('direct')?.ownBinlog ?? Number.NaN) / all.bytes.binlog
  return [
    ...ratios.map(({ of, to, goal }): Goal => {
      const [figure, what] = [outcomes.get(to)!.seconds / outcomes.get(of)!.seconds, RUNS[to].way.name]
      return {
        what: `${log}: direct, ${RUNS[of].durability}, times as fast as ${what}`,
        figure,
        comparison: '>=',
        goal,
      }
    }),
    { what: `${log}: own binary log, times the replayed`, figure: ownBinlog, comparison: '<=', goal: GOAL_OWN_BINLOG },
    { what: `${log}: every table as on the source (1 is yes)`, figure: equal ? 1 : 0, comparison: '>=', goal: 1 },
  ]
}

async function checksumsOf({ tables }: Workload, server: Parameters<typeof query>[0]): Promise<string> {
  return JSON.stringify(await query(server, `CHECKSUM TABLE ${tables.join(', ')}`))
}

function allRuns(): readonly RunName[] {
  return Object.keys(RUNS) as RunName[]
}

function namedIn(ratios: readonly Ratio[]): readonly RunName[] {
  return allRuns().filter((run) => ratios.some(({ of, to }) => run === of || run === to))
}

function both(ratio: Ratio): Readonly<Record<Flavor, readonly Ratio[]>> {
  return { mysql: [ratio], mariadb: [ratio] }
}
