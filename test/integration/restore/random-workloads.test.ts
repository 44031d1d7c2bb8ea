import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mapConcurrently } from '../../../src/archive/map-concurrently.ts'
import { directoryStorage, mysqldump, PitrError, RecoveryImageManager } from '../../../src/index.ts'
import type { RestoreOnly, RestoreOptions, RestorePlan } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { flavor, tier } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { contentOf } from './support/content-of.ts'
import { runWorkload } from './support/random-workload.ts'
import { run } from './support/query.ts'

// Another seed, other workloads: MYSQL_PITR_TEST_SEED.
const SEED = Number(process.env['MYSQL_PITR_TEST_SEED'] ?? 20_261_121)
const WORKLOADS = Number(process.env['MYSQL_PITR_WORKLOADS'] ?? (tier === 'full' ? 300 : 12))
const PARTIAL_WORKLOADS = Math.ceil(WORKLOADS / 2)

// Thrown away: what a crash would do to them does not matter.
const FAST = [
  '--sync-binlog=0',
  '--innodb-flush-log-at-trx-commit=0',
  '--max-allowed-packet=64M',
  // A table that MySQL puts out of its cache comes back with another, also right, AUTO_INCREMENT.
  '--table-definition-cache=20000',
]
/** What must come to the same. */
const HOW: readonly Pick<RestoreOptions, 'replayer' | 'verifyBefore'>[] = [
  { replayer: 'direct' },
  { replayer: 'direct', verifyBefore: true },
  { replayer: 'mysqlbinlog' },
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
      [1, 2, 3, 4].map(async () => await startServer(flavor, { options: FAST })),
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
    for (const [i, how] of HOW.entries()) {
      await restore(manager, plan, targets[i]!, how)
      const found = await contentOf(targets[i]!, names)
      expect(Object.keys(found)).toEqual(Object.keys(wanted))
      const different = Object.keys(wanted).filter((table) => found[table] !== wanted[table])
      expect(different, `different behind ${JSON.stringify(how)}`).toEqual([])
    }
    for (const other of [1, 2]) expect(await counters(targets[0]!)).toEqual(await counters(targets[other]!))
  },
)

test(
  `some tables of ${PARTIAL_WORKLOADS} random workloads have the same rows on the source and behind each replayer, seed ${SEED}`,
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
    const names = Array.from({ length: PARTIAL_WORKLOADS }, (_, i) => `workload_${i}`)
    await mapConcurrently(names, AT_A_TIME, async (name) => {
      await runWorkload(source!, name, SEED + 1000 + names.indexOf(name), { logsStatements: false })
    })
    await run(source!, ['CREATE DATABASE workload_end'])
    await manager.archive(server)

    const content = await contentOf(source!, names)
    const plan = await someTables(manager, names, Object.keys(content))
    const { databases = [], tables = [] } = plan.only!
    expect(tables.length).toBeGreaterThan(PARTIAL_WORKLOADS / 2)
    expect(plan.leftOut.rows).toBeGreaterThan(PARTIAL_WORKLOADS * 10)
    const wanted = Object.entries(content).filter(
      ([name]) => databases.includes(name.split('.')[0]!) || tables.includes(name),
    )
    for (const [i, replayer] of (['direct', 'mysqlbinlog'] as const).entries()) {
      await restore(manager, plan, targets[i]!, { replayer, verifyBefore: replayer === 'direct' })
      expect(await contentOf(targets[i]!, names), `behind ${replayer}`).toEqual(Object.fromEntries(wanted))
    }
  },
)

/** A plan for random tables of some databases, and others whole: those of which definitions let no table be chosen alone. */
async function someTables(
  manager: RecoveryImageManager,
  databases: readonly string[],
  all: readonly string[],
): Promise<RestorePlan> {
  const random = new Random(SEED)
  let only: RestoreOnly = {}
  let plan: RestorePlan | undefined
  for (const database of databases) {
    const tables = all.filter((name) => name.startsWith(`${database}.`))
    const tries = [1, 2, 3, 4].map(() => {
      const some = tables.filter(() => random.chance(0.4))
      return withParents(some.length === 0 ? tables.slice(0, 1) : some)
    })
    for (const some of [...tries, 'whole'] as const) {
      const next =
        some === 'whole'
          ? { ...only, databases: [...(only.databases ?? []), database] }
          : { ...only, tables: [...(only.tables ?? []), ...some] }
      plan = await planUnlessRefused(manager, next)
      if (plan === undefined) continue
      only = next
      break
    }
  }
  return plan!
}

/** A child cannot be chosen without its parent. */
function withParents(tables: readonly string[]): readonly string[] {
  const parents = tables.filter((name) => name.endsWith('.child')).map((name) => name.replace('.child', '.parent'))
  return [...new Set([...tables, ...parents])]
}

async function planUnlessRefused(manager: RecoveryImageManager, only: RestoreOnly): Promise<RestorePlan | undefined> {
  try {
    return await manager.plan({ kind: 'latest' }, { only })
  } catch (error) {
    if (error instanceof PitrError && error.code === 'Unreplayable') return undefined
    throw error
  }
}

async function restore(
  manager: RecoveryImageManager,
  plan: RestorePlan,
  target: TestServer,
  how: (typeof HOW)[number],
): Promise<void> {
  await using server = await connect(target)
  const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', ...how })
  expect(report.rows).toBe(plan.replayed.rows)
  expect((report.rowsCompared ?? 0) > 0).toBe(how.verifyBefore === true)
}

/** A source counts also what it rolled back; the replayers must count alike. */
async function counters(server: TestServer): Promise<unknown> {
  if (flavor === 'mysql') await run(server, ['SET GLOBAL information_schema_stats_expiry = 0'])
  return await run(server, [
    `SELECT TABLE_SCHEMA, TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES
      WHERE TABLE_SCHEMA LIKE 'workload\\_%' AND AUTO_INCREMENT IS NOT NULL ORDER BY 1, 2`,
  ])
}
