import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mapConcurrently } from '../../../src/archive/map-concurrently.ts'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../src/index.ts'
import type { ReplayerName, RestorePlan } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { flavor, tier } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { contentOf } from './support/content-of.ts'
import { runWorkload } from './support/random-workload.ts'
import { run } from './support/query.ts'

// Another seed, other workloads: MYSQL_PITR_TEST_SEED.
const SEED = Number(process.env['MYSQL_PITR_TEST_SEED'] ?? 20_261_121)
const WORKLOADS = Number(process.env['MYSQL_PITR_WORKLOADS'] ?? (tier === 'full' ? 300 : 12))

// Thrown away: what a crash would do to them does not matter.
const FAST = [
  '--sync-binlog=0',
  '--innodb-flush-log-at-trx-commit=0',
  '--max-allowed-packet=64M',
  // A table that MySQL puts out of its cache comes back with another, also right, AUTO_INCREMENT.
  '--table-definition-cache=20000',
]
/** So that their transactions lie between each other's. */
const AT_A_TIME = 3

test(
  `${WORKLOADS} random workloads have the same rows on the source and behind each replayer, seed ${SEED}`,
  { timeout: 3_600_000 },
  async () => {
    await using undo = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-workloads-'))
    undo.defer(async () => await rm(folder, { recursive: true, force: true }))
    const [source, ...targets] = await Promise.all(
      [1, 2, 3].map(async () => await startServer(flavor, { options: FAST })),
    )
    for (const server of [source, ...targets]) undo.use(server!)
    const manager = undo.use(await RecoveryImageManager.create({ storage: directoryStorage(folder) }))
    await using server = await connect(source!)
    await manager.backup(server, { method: mysqldump() })

    const names = Array.from({ length: WORKLOADS }, (_, i) => `workload_${i}`)
    await mapConcurrently(
      names,
      AT_A_TIME,
      async (name) => await runWorkload(source!, name, SEED + names.indexOf(name)),
    )
    // MariaDB does not count a last transaction that changes nothing.
    await run(source!, ['CREATE DATABASE workload_end'])
    await manager.archive(server)
    const plan = await manager.plan({ kind: 'latest' })
    // Rows and statements, or nothing was compared.
    expect(plan.replayed.rows).toBeGreaterThan(WORKLOADS * 50)

    const wanted = await contentOf(source!, names)
    for (const [i, replayer] of (['direct', 'mysqlbinlog'] as const).entries()) {
      await restore(manager, plan, targets[i]!, replayer)
      const found = await contentOf(targets[i]!, names)
      expect(Object.keys(found)).toEqual(Object.keys(wanted))
      const different = Object.keys(wanted).filter((table) => found[table] !== wanted[table])
      expect(different, `different behind ${replayer}`).toEqual([])
    }
    expect(await counters(targets[0]!)).toEqual(await counters(targets[1]!))
  },
)

async function restore(
  manager: RecoveryImageManager,
  plan: RestorePlan,
  target: TestServer,
  replayer: ReplayerName,
): Promise<void> {
  await using server = await connect(target)
  const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer })
  expect(report.rows).toBe(plan.replayed.rows)
}

/** A source counts also what it rolled back; the replayers must count alike. */
async function counters(server: TestServer): Promise<unknown> {
  if (flavor === 'mysql') await run(server, ['SET GLOBAL information_schema_stats_expiry = 0'])
  return await run(server, [
    `SELECT TABLE_SCHEMA, TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES
      WHERE TABLE_SCHEMA LIKE 'workload\\_%' AND AUTO_INCREMENT IS NOT NULL ORDER BY 1, 2`,
  ])
}
