import { createConnection } from 'mysql2/promise'
import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PitrError, releaseTarget } from '../../../src/index.ts'
import type { RestoreOptions, RestoreReport } from '../../../src/index.ts'
import type { OperationOptions } from '../../../src/options.ts'
import type { FlavorDialect } from '../../../src/server/flavor/flavor-dialect.ts'
import type { Server } from '../../../src/server/server.ts'
import { endOf, startChild } from '../../support/child/child.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { stoppingAt } from '../../support/stopping-at.ts'
import type { AtStatement } from '../../support/stopping-at.ts'
import { canConnect } from './support/can-connect.ts'
import { closeGate } from './support/gate.ts'
import { APP } from './support/history.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'
import { settings, targetState } from './support/target-state.ts'

const OWN_DURABILITY = ['--sync-binlog=7', '--innodb-flush-log-at-trx-commit=2']
const REPLAYERS = ['mysqlbinlog', 'direct'] as const

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
})
afterAll(async () => prepared?.[Symbol.asyncDispose]())

describe('a restore that failed on the way', () => {
  test.each(REPLAYERS)(
    'of a refused statement, by %s: the target stays marked and isolated; run again it ends in the same place',
    async (replayer) => {
      await using target = await startServer(flavor)
      const before = await settings(target)
      await using gate = await closeGate(target)
      const restored = expectPitrError(restore(target, { replayer }), {
        code: 'ReplayFailed',
        message: /ERROR 1146 \(42S02\).*orders/s,
        secrets: [target.connection.password],
      })
      await gate.reached()
      await run(target, ['SET SESSION sql_log_bin = 0', 'DROP TABLE shop.orders'])
      await gate.open()
      const error = await restored
      expect(error.details).toMatchObject({ target: 'marked and isolated', planHash: prepared.plan.hash })
      expect(await settings(target)).toMatchObject({ read_only: 'ON' })

      await expectWhole(target, await restore(target, { replayer }), before)
    },
  )

  test('of its signal: Aborted; run again it ends in the same place', async () => {
    await using target = await startServer(flavor, { options: OWN_DURABILITY })
    const before = await settings(target)
    await using gate = await closeGate(target)
    const stop = new AbortController()
    const aborted = expectPitrError(restore(target, { signal: stop.signal }), { code: 'Aborted' })
    await gate.reached()
    // It does not wait for the disk, but where that is asked for.
    expect(await settings(target)).toMatchObject({ sync_binlog: '0', innodb_flush_log_at_trx_commit: '0' })
    stop.abort()
    expect((await aborted).details).toMatchObject({ target: 'marked and isolated' })
    expect(await settings(target)).toMatchObject({ read_only: 'ON' })

    await gate.open()
    await using server = await connect(target)
    let replayed: unknown
    const look = async (): Promise<void> => void (replayed = await settings(target))
    const looking = stoppingAt(server, { statement: 'SELECT nonce', when: 'before' }, look)
    const { manager, plan } = prepared
    const report = await unlessBusy(() =>
      manager.restore(plan, { into: { kind: 'server', server: looking }, accounts: 'none', durability: 'full' }),
    )
    expect(replayed).toMatchObject({ sync_binlog: '7', innodb_flush_log_at_trx_commit: '2' })
    await expectWhole(target, report, before)
  })

  test('of a restart of the target: run again it ends in the same place', async () => {
    await using target = await startServer(flavor)
    const before = await settings(target)
    await using gate = await closeGate(target)
    const failed = expectPitrError(restore(target), { code: 'ReplayFailed' })
    await gate.reached()
    await target.kill('SIGKILL')
    await failed
    await target.restart()
    await expectWhole(target, await restore(target), before)
  })

  test.each(['behind', 'before'] as const)(
    'with its process right %s isolating the target: run again it puts back the settings of before',
    async (when) => {
      await using target = await startServer(flavor, { options: ['--event-scheduler=ON'] })
      await run(target, ["CREATE USER other@'%' IDENTIFIED BY 'Other-1-secret'"])
      const before = await settings(target)
      await using server = await connect(target)
      const isolate: FlavorDialect['isolate'] = async (...all) => {
        if (when === 'behind') await server.dialect.isolate(...all)
        throw new Error('the process is gone')
      }
      const broken: Server = { ...server, dialect: { ...server.dialect, isolate } }
      const { manager, plan } = prepared
      const restored = manager.restore(plan, { into: { kind: 'server', server: broken }, accounts: 'none' })
      await expect(restored).rejects.toThrow('the process is gone')

      await expectWhole(target, await restore(target), before)
      await (await createConnection({ ...target.connection, user: 'other', password: 'Other-1-secret' })).end()
    },
  )

  test.each(REPLAYERS)('by %s, killed with its process: run again it ends in the same place', async (replayer) => {
    await using target = await startServer(flavor)
    const before = await settings(target)
    await using gate = await closeGate(target)
    const restorer = startChild('restore', prepared.folder, { server: target, plan: prepared.plan, replayer })
    await gate.reached()
    restorer.kill('SIGKILL')
    expect(await endOf(restorer)).toBeUndefined()

    // The dead restore's session still waits on the server, before the gate: it is ended before anything is wiped.
    // It was executing a statement, so that nobody can go on there.
    const report = await unlessBusy(() => restore(target, { replayer }))
    expect(report.resumedAt).toBeUndefined()
    await expectWhole(target, report, before)
  })

  test('is not mixed with another plan: TargetNotEmpty names both, and nothing changes', async () => {
    await using target = await startServer(flavor)
    await using gate = await closeGate(target)
    const stop = new AbortController()
    const aborted = expectPitrError(restore(target, { signal: stop.signal }), { code: 'Aborted' })
    await gate.reached()
    stop.abort()
    await aborted
    const { manager, plan } = prepared
    const other = await manager.plan({ kind: 'position', at: plan.start.position })
    const state = await targetState(target)
    await using server = await connect(target)
    await expectPitrError(manager.restore(other, { into: { kind: 'server', server }, accounts: 'none' }), {
      code: 'TargetNotEmpty',
      subject: plan.hash,
    })
    expect(await targetState(target)).toEqual(state)
  })
})

describe('a restore that was stopped behind its proof', () => {
  const FINISHED = { earlier: true, isolation: 'lifted' } as const
  test.each([
    ['before its proof is recorded', { statement: "phase = 'proved'", when: 'before' }, { earlier: false }],
    ['while its durability is put back', { statement: 'SET GLOBAL sync_binlog = 7', when: 'before' }, FINISHED],
    ['behind its proof', { statement: "phase = 'proved'", when: 'behind' }, FINISHED],
    ['before the isolation is lifted', { statement: "phase = 'releasing'", when: 'behind' }, FINISHED],
    ['while it is lifted', { statement: 'SET GLOBAL read_only = OFF', when: 'behind' }, FINISHED],
    ['before its mark is removed', { statement: 'DROP DATABASE IF EXISTS `mysql_pitr`', when: 'before' }, FINISHED],
  ] as const)('with its process %s: run again it ends in the same place', async (_, killAt, outcome) => {
    await using target = await startServer(flavor, { options: OWN_DURABILITY })
    const before = await settings(target)
    await killed(target, killAt)
    const report = await retried(target)
    expect(report).toMatchObject(outcome)
    expect(report.warnings.filter((warning) => warning.includes('written to'))).toEqual([])
    await expectWhole(target, report, before)
    expect(await canConnect(target, APP)).toBe(true)
  })

  test('in its last moment: TargetNotEmpty says that the target has executed the plan', async () => {
    await using target = await startServer(flavor)
    const before = await settings(target)
    await killed(target, { statement: 'DROP DATABASE IF EXISTS `mysql_pitr`', when: 'behind' })
    expect(await settings(target)).toEqual(before)
    expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
    const error = await expectPitrError(retried(target), { code: 'TargetNotEmpty', subject: 'shop' })
    expect(error.hint).toContain('It has executed every transaction of this plan')
  })

  test('by a lost connection: each error says what state the target is in, and it can be released', async () => {
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const { manager, plan } = prepared
    const options = { into: { kind: 'server', server }, accounts: 'none', replayer: 'direct' } as const
    await manager.restore(plan, { ...options, isolation: 'keep' })
    const lost = async (statement: string, left: string): Promise<void> => {
      const losing = stoppingAt(server, { statement, when: 'before' }, async (close) => await close())
      const works: readonly (() => Promise<unknown>)[] = [
        () => releaseTarget(losing),
        () => manager.restore(plan, { ...options, into: { kind: 'server', server: losing } }),
      ]
      for (const work of works) {
        const error = await expectPitrError(unlessBusy(work), { code: 'ConnectionFailed' })
        expect(error.details).toMatchObject({ target: left, planHash: plan.hash })
        expect(error.hint).toContain('The target is whole')
      }
    }
    await lost("phase = 'releasing'", 'proved and isolated')
    expect(await canConnect(target, APP)).toBe(false)
    // It was not opened, so it can be kept; what is written to it in between is said.
    await run(target, ['CREATE TABLE shop.later (id INT PRIMARY KEY)'])
    const kept = await unlessBusy(() => manager.restore(plan, { ...options, isolation: 'keep' }))
    expect(kept).toMatchObject({ isolation: 'kept', earlier: true })
    expect(kept.warnings.join()).toContain('the target was written to since it was proved')

    await lost('SET GLOBAL read_only = OFF', 'proved, partly open')
    await expectPitrError(
      unlessBusy(() => manager.restore(plan, { ...options, isolation: 'keep' })),
      { code: 'InvalidArgument', subject: 'isolation: keep' },
    )
    const other = await manager.plan({ kind: 'position', at: plan.start.position })
    const refused = await expectPitrError(
      unlessBusy(() => manager.restore(other, options)),
      { code: 'TargetNotEmpty', subject: plan.hash },
    )
    expect(refused.hint).toContain('lifted in part')
    // It may be in use, and set up for it: nothing is restored any more.
    const conversions = { mysql: 'replica_type_conversions', mariadb: 'slave_type_conversions' }[flavor]
    await run(target, [`SET GLOBAL ${conversions} = 'ALL_LOSSY'`])
    await lost('DROP DATABASE IF EXISTS `mysql_pitr`', 'proved and open')
    expect(await canConnect(target, APP)).toBe(true)
    await unlessBusy(() => releaseTarget(server))
    expect(await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])).toEqual([])
  })
})

test('two restores at once: the second is refused and the first not disturbed', async () => {
  await using target = await startServer(flavor)
  const before = await settings(target)
  await using gate = await closeGate(target)
  const first = restore(target)
  await gate.reached()
  await expectPitrError(restore(target), { code: 'TargetBusy' })
  await gate.open()
  await expectWhole(target, await first, before)
})

test('a segment that was changed behind the plan is found before anything is written', async () => {
  await using own = await prepare()
  await using target = await startServer(flavor)
  const before = await targetState(target)
  const names = await readdir(own.folder, { recursive: true })
  const last = own.plan.segments.at(-1)!.blob.key.split('/').at(-1)!
  await appendFile(
    join(
      own.folder,
      names.find((name) => name.endsWith(last))!,
    ),
    'x',
  )
  await using server = await connect(target)
  await expectPitrError(own.manager.restore(own.plan, { into: { kind: 'server', server }, accounts: 'none' }), {
    code: 'ChecksumMismatch',
    subject: last,
  })
  expect(await targetState(target)).toEqual(before)
})

async function restore(
  target: TestServer,
  options: OperationOptions & Pick<RestoreOptions, 'replayer'> = {},
): Promise<RestoreReport> {
  await using server = await connect(target)
  return await prepared.manager.restore(prepared.plan, {
    into: { kind: 'server', server },
    accounts: 'none',
    ...options,
  })
}

/** Restores in a process that is killed at a statement. */
async function killed(target: TestServer, killAt: AtStatement): Promise<void> {
  const { folder, plan } = prepared
  const restorer = startChild('restore', folder, { server: target, plan, killAt, replayer: 'direct' })
  expect(await endOf(restorer)).toBeUndefined()
}

async function retried(target: TestServer): Promise<RestoreReport> {
  return await unlessBusy(async () => await restore(target))
}

/** The server may need a moment to notice that a connection, or the process that had it, is gone. */
async function unlessBusy<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + 20_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof PitrError) || error.code !== 'TargetBusy' || performance.now() > deadline) throw error
    }
  }
}

async function expectWhole(
  target: TestServer,
  report: RestoreReport,
  before: Readonly<Record<string, string>>,
): Promise<void> {
  expect(report).toMatchObject({ ...prepared.plan.replayed, isolation: 'lifted' })
  expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
  expect(await settings(target)).toEqual(before)
  expect(await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])).toEqual([])
}
