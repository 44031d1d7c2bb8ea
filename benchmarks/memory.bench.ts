// npm run bench -- memory [mysql|mariadb]: what memory a process takes that archives one transaction of 1 GB, and one that
// restores it: in many small row events, and in events of 15 MiB. Both flavors unless told otherwise.
import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../src/index.ts'
import { connect } from '../test/support/connect.ts'
import { startServer } from '../test/support/servers/index.ts'
import type { Flavor, TestServer } from '../test/support/servers/index.ts'
import { query } from './replay/query.ts'
import type { BenchResult, Cell, Goal } from './support/bench-result.ts'
import { buildProgram } from './support/build-program.ts'
import type { BuiltProgram } from './support/build-program.ts'

const GOAL_MEBIBYTES = 200
const MEBIBYTE = 2 ** 20

// Not for their durability: the machine shall not wait for its disk.
const OPTIONS = [
  '--max-binlog-size=1G',
  '--sync-binlog=0',
  '--innodb-flush-log-at-trx-commit=0',
  '--max-allowed-packet=64M',
  '--loose-innodb-redo-log-capacity=1G',
  '--loose-innodb-log-file-size=1G',
]

/** So many rows, of so many bytes each, by one transaction. */
const LOGS = {
  'small events': { rows: 1_000_000, bytes: 1000 },
  'events of 15 MiB': { rows: 68, bytes: 15 * MEBIBYTE },
} as const

/** Runs the benchmark. */
export async function bench(args: readonly string[]): Promise<BenchResult> {
  const flavors = args[0] === undefined ? (['mysql', 'mariadb'] as const) : [args[0] as Flavor]
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-bench-memory-'))
  try {
    const user = await buildProgram(join(import.meta.dirname, 'memory', 'use-library.ts'), folder)
    const rows: Cell[][] = []
    const goals: Goal[] = []
    const serverVersions: string[] = []
    for (const flavor of flavors) {
      for (const [name, log] of Object.entries(LOGS)) {
        const place = join(folder, `${flavor} ${name}`)
        await using source = await startServer(flavor, { options: OPTIONS })
        if (!serverVersions.includes(source.version)) serverVersions.push(source.version)
        await begin(source, place)
        await writeAtOnce(source, log)
        const archived = await measure(user, place, 'archive', source)
        await using target = await startServer(flavor, { options: OPTIONS })
        const restored = await measure(user, place, 'restore', target)
        const equal = (await checksum(source)) === (await checksum(target))
        const megabytes = (log.rows * log.bytes) / 1e6
        rows.push([
          `${flavor}, ${name}`,
          megabytes,
          archived.seconds,
          archived.mebibytes,
          restored.seconds,
          restored.mebibytes,
        ])
        goals.push(goal(`${flavor}, ${name}: restoring, MiB`, restored.mebibytes), {
          what: `${flavor}, ${name}: as on the source (1 is yes)`,
          figure: equal ? 1 : 0,
          comparison: '>=',
          goal: 1,
        })
      }
    }
    const columns = ['log', 'MB', 'archive s', 'archive MiB', 'restore s', 'restore MiB']
    return { columns, rows, goals, serverVersions }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function goal(what: string, figure: number): Goal {
  return { what, figure, comparison: '<=', goal: GOAL_MEBIBYTES }
}

async function begin(source: TestServer, place: string): Promise<void> {
  await query(source, 'CREATE DATABASE bench', 'CREATE TABLE bench.large (id INT PRIMARY KEY, value LONGBLOB)')
  await using server = await connect(source)
  await using manager = await RecoveryImageManager.create({ storage: directoryStorage(place) })
  await manager.backup(server, { method: mysqldump() })
}

/** Every row has its number in each of its bytes, so none is like another and all of them compress. */
async function writeAtOnce(source: TestServer, { rows, bytes }: (typeof LOGS)[keyof typeof LOGS]): Promise<void> {
  const digits =
    '(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)'
  const places = [1, 10, 100, 1000, 10_000, 100_000]
  const number = places.map((place, i) => `${place} * t${i}.d`).join(' + ')
  const tables = places.map((_, i) => `${digits} AS t${i}`).join(', ')
  await query(
    source,
    `INSERT INTO bench.large SELECT i, REPEAT(LPAD(HEX(i * 2654435761 % 4294967296), 8, '0'), ${bytes / 8})
      FROM (SELECT ${number} AS i FROM ${tables}) AS numbers WHERE i < ${rows}`,
  )
}

async function measure(
  { program, library }: BuiltProgram,
  place: string,
  what: string,
  { connection, clientPrograms }: TestServer,
): Promise<{ readonly seconds: number; readonly mebibytes: number }> {
  if (clientPrograms.kind !== 'local') throw new Error('this benchmark needs client programs on this machine')
  const startedAt = performance.now()
  const { stdout } = await execa(process.execPath, [program, library, place, what], {
    input: JSON.stringify({ connection, path: clientPrograms.path }),
  })
  const seconds = (performance.now() - startedAt) / 1000
  const { maxRssKibibytes } = JSON.parse(stdout) as { readonly maxRssKibibytes: number }
  process.stderr.write(`${what}: ${seconds.toFixed(1)} s, ${(maxRssKibibytes / 1024).toFixed(0)} MiB\n`)
  return { seconds, mebibytes: maxRssKibibytes / 1024 }
}

async function checksum(server: TestServer): Promise<string> {
  return JSON.stringify(await query(server, 'CHECKSUM TABLE bench.large'))
}
