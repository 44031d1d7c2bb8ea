import { afterAll, beforeAll, expect, test } from 'vitest'
import { releaseTarget } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { canConnect } from './support/can-connect.ts'
import { closeGate } from './support/gate.ts'
import { AFTER_BACKUP, APP } from './support/history.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'
import { settings } from './support/target-state.ts'

// What docs/servers.md says of a restart of the target, flavor by flavor.

const REPLAYERS = ['mysqlbinlog', 'direct'] as const
const OWN = { user: 'own', password: 'Own-1-secret' }
const SHUT = { user: 'shut', password: 'Shut-1-secret' }

let prepared: Prepared
beforeAll(async () => {
  const [use, ...rest] = AFTER_BACKUP
  prepared = await prepare({
    after: [use!, `CREATE USER ${SHUT.user}@'%' IDENTIFIED BY '${SHUT.password}' ACCOUNT LOCK`, ...rest],
  })
})
afterAll(async () => prepared?.[Symbol.asyncDispose]())

test('a target that is kept isolated stays closed behind a restart, and is released with the locks of the source', async () => {
  await using target = await startWithOwnAccount()
  const before = await settings(target)
  await using server = await connect(target)
  const { manager, plan } = prepared
  const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', isolation: 'keep' })
  expect(report).toMatchObject({ isolation: 'kept', ...plan.replayed })
  await target.kill('SIGKILL')
  await target.restart()
  expect(await closed(target)).toEqual({ [OWN.user]: true, [APP.user]: true, [SHUT.user]: true })

  await releaseTarget(server)
  expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
  expect(await settings(target)).toEqual(before)
  expect(await canConnect(target, OWN)).toBe(true)
  expect(await canConnect(target, APP)).toBe(true)
  expect(await canConnect(target, SHUT)).toBe(false)
})

test.each(REPLAYERS)(
  'what a restore by %s reported is on the disk, though its target was killed at once and keeps little by its settings',
  async (replayer) => {
    await using target = await startServer(flavor, {
      options: ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0'],
    })
    await using server = await connect(target)
    const { manager, plan } = prepared
    const into = { kind: 'server', server } as const
    // Opening it would flush some things by the way.
    const report = await manager.restore(plan, { into, accounts: 'none', replayer, isolation: 'keep' })
    await target.kill('SIGKILL')
    await target.restart()
    expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
    await releaseTarget(server)
    expect(await server.withSession((session) => server.dialect.executedGtids(session))).toBe(report.executedGtids)
  },
)

test('in the middle of a restore a restart keeps out whom the flavor can, and the restore run again ends whole', async () => {
  await using target = await startWithOwnAccount()
  const before = await settings(target)
  await using gate = await closeGate(target)
  const failed = expectPitrError(restore(target), { code: 'ReplayFailed' })
  await gate.reached()
  await target.kill('SIGKILL')
  await failed
  await target.restart()
  // MariaDB: the account that came with the log is open, until the restore is run again.
  expect(await closed(target)).toEqual({ [OWN.user]: true, [APP.user]: flavor === 'mysql', [SHUT.user]: true })

  await restore(target)
  expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
  expect(await settings(target)).toEqual(before)
  expect(await canConnect(target, OWN)).toBe(true)
  expect(await canConnect(target, APP)).toBe(true)
  expect(await canConnect(target, SHUT)).toBe(false)
})

async function startWithOwnAccount(): Promise<TestServer> {
  const target = await startServer(flavor)
  await run(target, ['SET SESSION sql_log_bin = 0', `CREATE USER ${OWN.user}@'%' IDENTIFIED BY '${OWN.password}'`])
  return target
}

async function restore(target: TestServer): Promise<void> {
  await using server = await connect(target)
  await prepared.manager.restore(prepared.plan, { into: { kind: 'server', server }, accounts: 'none' })
}

/** Whether each account is kept out. */
async function closed(target: TestServer): Promise<Readonly<Record<string, boolean>>> {
  // The test servers run with --no-defaults, and then MySQL reads what was persisted and does not act by it.
  const persisted =
    flavor === 'mysql' &&
    (await run(target, ["SELECT 1 FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'offline_mode'"]))
      .length === 1
  const entries = [OWN, APP, SHUT].map(async (account) => [
    account.user,
    persisted || !(await canConnect(target, account)),
  ])
  return Object.fromEntries(await Promise.all(entries)) as Record<string, boolean>
}
