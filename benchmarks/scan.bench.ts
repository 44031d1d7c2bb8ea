// npm run bench -- scan [MIB]: our reader (checksums, transactions, the facts of a segment) against
// `mysqlbinlog --verify-binlog-checksum` and `mariadb-binlog` on one log of each flavour, in pairs one after the other.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Flavor } from '../test/support/servers/index.ts'
import type { BenchResult, Goal } from './support/bench-result.ts'
import { median, runTimed } from './support/run-timed.ts'
import type { TimedRun } from './support/run-timed.ts'
import { makeSysbenchLog } from './support/sysbench-log.ts'
import type { SysbenchLog } from './support/sysbench-log.ts'

const MIB = 2 ** 20
/** About what a server fills before it rotates: https://dev.mysql.com/doc/refman/en/replication-options-binary-log.html#sysvar_max_binlog_size */
const DEFAULT_MIB = 1000
const PAIRS = 4
const GOAL_TIMES_FASTER = 5
const GOAL_PEAK_MIB = 150
const PROGRAMS = { mysql: 'mysqlbinlog', mariadb: 'mariadb-binlog' } as const
/** Node lets what is new grow by the memory of the machine, to no gain here. */
const NURSERY = '--max-semi-space-size=16'
const SCAN_FILE = join(import.meta.dirname, 'scan', 'scan-file.ts')

type Times = Pick<TimedRun, 'wallSeconds' | 'cpuSeconds'>

interface Measured {
  readonly log: SysbenchLog
  readonly ours: readonly (TimedRun & Scanned)[]
  readonly theirs: readonly TimedRun[]
}

interface Scanned {
  readonly bytes: number
  readonly transactions: number
  readonly rows: number
  readonly readerMs: number
  readonly readerCpuMs: number
  readonly maxRssBytes: number
}

export async function bench(args: readonly string[]): Promise<BenchResult> {
  const bytes = Number(args[0] ?? DEFAULT_MIB) * MIB
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-scan-'))
  try {
    const mysql = await measure('mysql', bytes, folder)
    const mariadb = await measure('mariadb', bytes, folder)
    return {
      columns: ['log', 'reader', 'MiB', 'wall s', 'CPU s', 'MiB/s', 'peak MiB'],
      rows: [...rowsOf('mysql', mysql), ...rowsOf('mariadb', mariadb)],
      goals: [...goalsOf('mysql', mysql), ...goalsOf('mariadb', mariadb)],
      serverVersions: [mysql.log.serverVersion, mariadb.log.serverVersion],
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure(flavor: Flavor, bytes: number, folder: string): Promise<Measured> {
  const log = await makeSysbenchLog(flavor, bytes, folder)
  if (log.clientPrograms.kind !== 'local') throw new Error('this benchmark needs client programs on this machine')
  const { path } = log.clientPrograms
  const ours: (TimedRun & Scanned)[] = []
  const theirs: TimedRun[] = []
  // Both read the file from the page cache, and an installed package is JavaScript already: the first pair fills the
  // caches and does not count.
  for (let pair = 0; pair <= PAIRS; pair++) {
    const their = await runTimed([PROGRAMS[flavor], '--no-defaults', '--verify-binlog-checksum', log.path], { path })
    const our = await runTimed([process.execPath, NURSERY, SCAN_FILE, log.path], {
      keepOutput: true,
      compileCache: folder,
    })
    if (pair === 0) continue
    theirs.push(their)
    ours.push({ ...our, ...readScanned(our.stdout, log) })
  }
  await rm(log.path)
  return { log, ours, theirs }
}

function readScanned(text: string, log: SysbenchLog): Scanned {
  const scanned: Scanned = JSON.parse(text)
  if (scanned.bytes !== log.bytes || scanned.rows === 0) throw new Error(`not all of the log was read: ${text}`)
  return scanned
}

function rowsOf(flavor: Flavor, { log, ours, theirs }: Measured): BenchResult['rows'] {
  const row = (reader: string, runs: readonly Times[], peak: string) => {
    const wall = median(runs.map(({ wallSeconds }) => wallSeconds))
    const size = log.bytes / MIB
    return [flavor, reader, size, wall, median(runs.map(({ cpuSeconds }) => cpuSeconds)), size / wall, peak]
  }
  const alone = ours.map(({ readerMs, readerCpuMs }) => ({
    wallSeconds: readerMs / 1000,
    cpuSeconds: readerCpuMs / 1000,
  }))
  return [
    row(PROGRAMS[flavor], theirs, '-'),
    row(`ours, node ${NURSERY} and its start`, ours, String(Math.round(peakMib(ours)))),
    row('ours, reading alone', alone, '-'),
  ]
}

function goalsOf(flavor: Flavor, { ours, theirs }: Measured): Goal[] {
  const timesFaster = (of: (run: Times) => number) => median(theirs.map((their, i) => of(their) / of(ours[i]!)))
  return [
    {
      what: `${flavor} scan, times faster than ${PROGRAMS[flavor]} (CPU: ${timesFaster(({ cpuSeconds }) => cpuSeconds).toFixed(1)})`,
      figure: timesFaster(({ wallSeconds }) => wallSeconds),
      comparison: '>=',
      goal: GOAL_TIMES_FASTER,
    },
    { what: `${flavor} scan, peak memory in MiB`, figure: peakMib(ours), comparison: '<=', goal: GOAL_PEAK_MIB },
  ]
}

function peakMib(runs: readonly Scanned[]): number {
  return Math.max(...runs.map(({ maxRssBytes }) => maxRssBytes)) / MIB
}
