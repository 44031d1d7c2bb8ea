import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import type { BackupMethod } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import type { WantedError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
})
afterAll(async () => prepared?.[Symbol.asyncDispose]())

describe('refused, and nothing was written:', () => {
  test('the source, also when it has lost everything', async () => {
    await using own = await prepare()
    await run(own.source, ['DROP DATABASE shop'])
    await expectRefused(own.source, { code: 'TargetIsSource' }, own)
  })

  test('a target that has executed GTIDs of the history: it would skip transactions', async () => {
    await using target = await startServer(flavor)
    const { gtids } = prepared.plan
    const [first = ''] = String(gtids!.replayed).split(',')
    // On MySQL any of them; on MariaDB one of its domain that is ahead of the image.
    await run(
      target,
      {
        mysql: [`SET GLOBAL gtid_purged = '${first.replace(/(:\d+).*/, '$1')}'`],
        mariadb: [`SET GLOBAL gtid_slave_pos = '${String(gtids!.after)}'`],
      }[flavor],
    )
    await expectRefused(target, { code: 'TargetIncompatible', subject: /GTID/ })
  })

  test('a target whose sessions begin read-only, or that logs statements', async () => {
    await using target = await startServer(flavor)
    const name = { mysql: 'transaction_read_only', mariadb: 'tx_read_only' }[flavor]
    await run(target, [`SET GLOBAL ${name} = ON`])
    await expectRefused(target, { code: 'TargetIncompatible', subject: /^t(?:ransaction|x)_read_only$/ })
    await run(target, [`SET GLOBAL ${name} = OFF`])
    if (flavor === 'mariadb') return
    await run(target, ['SET GLOBAL binlog_format = STATEMENT'])
    await expectRefused(target, { code: 'TargetIncompatible', subject: 'binlog_format' })
  })

  test.skipIf(flavor === 'mariadb')('a target that nobody may write to, or that takes grants otherwise', async () => {
    await using target = await startServer(flavor)
    await run(target, ['SET GLOBAL super_read_only = ON'])
    await expectRefused(target, { code: 'TargetIncompatible', subject: 'super_read_only' })
    await run(target, ['SET GLOBAL super_read_only = OFF', 'SET GLOBAL partial_revokes = ON'])
    await expectRefused(target, { code: 'TargetIncompatible', subject: 'partial_revokes' })
  })

  test.each(LAX[flavor])('a target that would apply row events laxly: %s=%s', async (name, value) => {
    // Errors to skip can be named only when the server starts.
    await using target = await startServer(flavor, {
      options: name.endsWith('skip_errors') ? [`--${name.replaceAll('_', '-')}=${value}`] : [],
    })
    if (!name.endsWith('skip_errors')) await run(target, [`SET GLOBAL ${name} = '${value}'`])
    await expectRefused(target, { code: 'TargetIncompatible', subject: name })
  })

  test('a target with a replica attached', async () => {
    await using target = await startServer(flavor)
    await using replica = await startServer(flavor)
    const { host, port, user, password } = target.connection
    await run(
      replica,
      {
        mysql: [
          `CHANGE REPLICATION SOURCE TO SOURCE_HOST='${host}', SOURCE_PORT=${port}, SOURCE_USER='${user}', SOURCE_PASSWORD='${password}', SOURCE_SSL=1`,
          'START REPLICA',
        ],
        mariadb: [
          `CHANGE MASTER TO MASTER_HOST='${host}', MASTER_PORT=${port}, MASTER_USER='${user}', MASTER_PASSWORD='${password}'`,
          'START SLAVE',
        ],
      }[flavor],
    )
    const dumps = "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"
    await expect.poll(async () => (await run(target, [dumps])).length).toBe(1)
    await expectRefused(target, { code: 'TargetIncompatible', subject: 'replication' })
    await expectRefused(replica, { code: 'TargetIncompatible', subject: 'replication' })
  })

  test('an account without a privilege it needs, which is named', async () => {
    await using target = await startServer(flavor)
    const account = { user: 'weak', password: 'Weak-1-secret' }
    await run(target, [
      `CREATE USER weak@'%' IDENTIFIED BY '${account.password}'`,
      "GRANT SELECT, CREATE, INSERT ON *.* TO weak@'%'",
    ])
    await using server = await connect(target, account)
    const state = await targetState(target)
    const restored = prepared.manager.restore(prepared.plan, { into: { kind: 'server', server }, accounts: 'none' })
    await expectPitrError(restored, { code: 'MissingPrivilege', secrets: [account.password] })
    expect(await targetState(target)).toEqual(state)
  })

  test('a value that an option cannot have, from a caller without types', async () => {
    const { manager, plan, source } = prepared
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const state = await targetState(target)
    const into = { kind: 'server', server } as const
    const wrong: readonly (readonly [string, object])[] = [
      ['replayer', { replayer: 'toString' }],
      ['accounts', { accounts: 'some' }],
      ['isolation', { isolation: true }],
      ['verify', { verify: 'never' }],
      ['into.kind', { into: { kind: 'dataDirectory', path: '/tmp' } }],
      ['into.kind', { into: undefined }],
    ]
    for (const [subject, options] of wrong) {
      const restored = manager.restore(plan, { into, ...options })
      const { hint } = await expectPitrError(restored, { code: 'InvalidArgument', subject, message: subject })
      expect(hint).toMatch(/^Use one of: \w/)
    }
    const untyped = (value: unknown): never => value as never
    await expectPitrError(manager.restore(untyped(plan.toJSON()), { into }), {
      code: 'InvalidArgument',
      subject: 'plan',
    })
    await expectPitrError(manager.plan({ kind: 'latest' }, { ambiguous: untyped('any') }), {
      code: 'InvalidArgument',
      subject: 'ambiguous',
    })
    await expectPitrError(manager.transactions({ kind: untyped('drop') }).next(), {
      code: 'InvalidArgument',
      subject: 'kind',
    })
    await using from = await connect(source)
    await expectPitrError(manager.backup(from, { method: untyped('mysqldump') }), {
      code: 'InvalidArgument',
      subject: 'method',
    })
    await expectPitrError(() => mysqldump({ consistency: untyped('none') }), {
      code: 'InvalidArgument',
      subject: 'consistency',
    })
    expect(await targetState(target)).toEqual(state)
  })

  test('a backup that its method cannot load', async () => {
    const { manager, plan } = prepared
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const state = await targetState(target)
    const method = mysqldump()
    const withoutParts: BackupMethod = {
      ...method,
      checkLoad: async (context) => await method.checkLoad({ ...context, backup: { ...context.backup, parts: [] } }),
    }
    const restored = manager.restore(plan, { into: { kind: 'server', server }, methods: [withoutParts] })
    await expectPitrError(restored, { code: 'CorruptManifest', message: 'no part "data"' })
    expect(await targetState(target)).toEqual(state)
  })

  test('an operation that was stopped before it began', async () => {
    await using target = await startServer(flavor)
    await expectRefused(target, { code: 'Aborted' }, prepared, AbortSignal.abort())
  })
})

/** Settings of replicas that let a replay lose or add rows without an error. */
const LAX = {
  mysql: [
    ['replica_skip_errors', '1032'],
    ['replica_type_conversions', 'ALL_LOSSY'],
  ],
  mariadb: [
    ['slave_skip_errors', '1032'],
    ['slave_exec_mode', 'IDEMPOTENT'],
    ['slave_run_triggers_for_rbr', 'YES'],
    ['slave_type_conversions', 'ALL_LOSSY'],
  ],
}

async function expectRefused(
  target: TestServer,
  wanted: WantedError,
  { manager, plan }: Prepared = prepared,
  signal?: AbortSignal,
): Promise<void> {
  await using server = await connect(target)
  const state = await targetState(target)
  const restored = manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', signal })
  await expectPitrError(restored, { ...wanted, secrets: [target.connection.password] })
  expect(await targetState(target)).toEqual(state)
}
