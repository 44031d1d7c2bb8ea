// npm run bench -- replay [seconds]: sysbench oltp_write_only on a source, then the same plan restored into two targets:
// by the direct replayer and by `mysqlbinlog | mysql`, each on both flavors. The figure is the time of the replay alone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { createConnection } from 'mysql2/promise'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../src/index.ts'
import type { ReplayerName, RestorePlan } from '../src/index.ts'
import { connect } from '../test/support/connect.ts'
import { startServer, sysbenchProgram } from '../test/support/servers/index.ts'
import type { Flavor, TestServer } from '../test/support/servers/index.ts'
import type { BenchResult, Cell, Goal } from './support/bench-result.ts'

const TABLES = 8
const ROWS = 10_000
const GOAL_RATIO = 10

/** Runs the benchmark. */
export async function bench([seconds = '20', ...flavors]: readonly string[]): Promise<BenchResult> {
  const rows: Cell[][] = []
  const goals: Goal[] = []
  const serverVersions: string[] = []
  for (const flavor of flavors.length > 0 ? (flavors as Flavor[]) : (['mysql', 'mariadb'] as const)) {
    const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-bench-'))
    try {
      await using source = await startServer(flavor)
      serverVersions.push(source.version)
      const { manager, plan } = await prepare(source, folder, Number(seconds))
      const direct = await replayed(flavor, manager, plan, 'direct')
      const pipe = await replayed(flavor, manager, plan, 'mysqlbinlog')
      const same = JSON.stringify(direct.checksums) === JSON.stringify(pipe.checksums)
      const { transactions } = plan.replayed
      for (const { name, ms } of [direct, pipe]) {
        rows.push([flavor, name, transactions, plan.bytes.binlog / 1e6, ms / 1000, transactions / (ms / 1000)])
      }
      goals.push(
        {
          what: `${flavor}: replay, times as fast as the pipe`,
          figure: pipe.ms / direct.ms,
          comparison: '>=',
          goal: GOAL_RATIO,
        },
        { what: `${flavor}: same table checksums (1 is yes)`, figure: same ? 1 : 0, comparison: '>=', goal: 1 },
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return {
    columns: ['flavor', 'replayer', 'transactions', 'log MB', 'seconds', 'transactions/s'],
    rows,
    goals,
    serverVersions,
  }
}

async function prepare(source: TestServer, folder: string, seconds: number) {
  await query(source, 'CREATE DATABASE sbtest')
  await sysbench(source, ['prepare'])
  const server = await connect(source)
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(join(folder, 'archive')) })
  await manager.backup(server, { method: mysqldump() })
  await sysbench(source, [`--time=${seconds}`, 'run'])
  await manager.archive(server)
  return { manager, plan: await manager.plan({ kind: 'latest' }) }
}

async function replayed(flavor: Flavor, manager: RecoveryImageManager, plan: RestorePlan, name: ReplayerName) {
  await using target = await startServer(flavor)
  const server = await connect(target)
  const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer: name })
  const tables = Array.from({ length: TABLES }, (_, i) => `sbtest.sbtest${i + 1}`)
  const checksums = await query(target, `CHECKSUM TABLE ${tables.join(', ')}`)
  return { name, ms: report.phases.replay ?? Number.NaN, checksums }
}

async function sysbench({ connection }: TestServer, args: readonly string[]): Promise<void> {
  await execa(
    await sysbenchProgram(),
    [
      'oltp_write_only',
      `--mysql-host=${connection.host}`,
      `--mysql-port=${connection.port}`,
      `--mysql-user=${connection.user}`,
      `--mysql-password=${connection.password}`,
      `--tables=${TABLES}`,
      `--table-size=${ROWS}`,
      '--threads=8',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
}

async function query({ connection }: TestServer, sql: string): Promise<unknown> {
  const client = await createConnection(connection)
  const [rows] = await client.query(sql)
  await client.end()
  return rows
}
