import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { originalCommitOf } from '../../../src/binlog/gtid-of.ts'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { expectWhole, ResumeScene } from '../kills/support/resume-scene.ts'
import { logFiles } from './support/log-files.ts'
import { checksums, run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

const HISTORIES = {
  mysql: [
    { name: 'with GTIDs', gtids: true, options: [] },
    { name: 'without GTIDs', gtids: false, options: ['--gtid-mode=OFF'] },
  ],
  mariadb: [{ name: 'with GTIDs', gtids: true, options: [] }],
}[flavor]

const FILTERED = {
  mysql: { options: ['--binlog-do-db=other'], subject: 'binlog_do_db' },
  mariadb: { options: ['--binlog-ignore-db=other'], subject: 'binlog_ignore_db' },
}[flavor]

describe.each(HISTORIES)('a direct replay $name that preserves transactions', ({ gtids, options }) => {
  let scene: ResumeScene
  beforeAll(async () => {
    scene = await ResumeScene.make({ source: options, target: options })
  })
  afterAll(async () => await scene?.[Symbol.asyncDispose]())

  test('leaves each of them in the log of the target, also where it went on behind an earlier run', async () => {
    const preserve = { preserveTransactions: true }
    await scene.stopMidway(preserve)
    const report = await scene.restore(preserve)
    // Its place would be in the log too.
    expect(report.resumedAt !== undefined).toBe(gtids)
    expect(await transactions(scene.target)).toEqual(await replayed(scene))
    await expectWhole(scene, report)
  })

  test.runIf(gtids)('makes a target that brings a replica from the image to its end', async () => {
    const report = await scene.restore({ preserveTransactions: true })
    await using replica = await startServer(flavor)
    await followFromImage(replica, scene)
    expect(await checksums(replica, 'shop')).toEqual(scene.content)
    await expectWhole(scene, report)
  })

  test.runIf(gtids)('begins anew where an earlier run joined some, and is not finished as if it had not', async () => {
    await scene.stopMidway()
    const report = await scene.restore({ preserveTransactions: true })
    expect(report.resumedAt).toBeUndefined()
    expect(await transactions(scene.target)).toEqual(await replayed(scene))
    await expectWhole(scene, report)

    // The other replayer never joins them.
    await scene.stopMidway()
    await scene.restore({ replayer: 'mysqlbinlog', isolation: 'keep' })
    expect(await transactions(scene.target)).toEqual(await replayed(scene))
    await expectWhole(scene, await scene.restore({ preserveTransactions: true }))

    await scene.restore({ isolation: 'keep' })
    expect((await transactions(scene.target)).length).toBeLessThan((await replayed(scene)).length)
    await expectPitrError(scene.restore({ preserveTransactions: true }), {
      code: 'InvalidArgument',
      subject: 'preserveTransactions',
    })
    await expectWhole(scene, await scene.restore())
  })

  test.runIf(gtids).each([{ options: ['--skip-log-bin'], subject: 'log_bin' }, FILTERED])(
    'is refused by a target whose log would not hold them: $subject',
    async ({ options: more, subject }) => {
      await using target = await startServer(flavor, { options: more })
      const { manager, plan } = scene.prepared
      await using server = await connect(target)
      const into = { kind: 'server', server } as const
      const before = await state(target)
      await expectPitrError(manager.restore(plan, { into, accounts: 'none', preserveTransactions: true }), {
        code: 'TargetIncompatible',
        subject,
      })
      expect(await state(target)).toEqual(before)
    },
  )
})

interface Logged extends Pick<Transaction, 'gtid' | 'kind' | 'changes' | 'rows' | 'statement'> {
  /** MySQL: when it committed first. */
  readonly originalCommit: number | undefined
}

/** What a server's own log holds, as our reader reads it. */
async function transactions(server: TestServer, from = { file: '', offset: 0 }): Promise<readonly Logged[]> {
  const found: Logged[] = []
  for (const file of await logFiles(server)) {
    const originalCommits = new Map<number, number | undefined>()
    for await (const chunk of file.transactions()) {
      for (const event of chunk.events) originalCommits.set(event.offset, originalCommitOf(event))
      for (const { start, gtid, kind, changes, rows, statement } of chunk.transactions) {
        const isBehind = file.file > from.file || (file.file === from.file && start >= from.offset)
        // Only the source says in words what it changed rows by.
        const said = kind === 'ddl' ? statement : undefined
        if (isBehind)
          found.push({ gtid, kind, changes, rows, statement: said, originalCommit: originalCommits.get(start) })
      }
    }
  }
  return found
}

async function replayed({ prepared: { source, plan } }: ResumeScene): Promise<readonly Logged[]> {
  const all = await transactions(source, plan.start.position)
  expect(all).toHaveLength(plan.replayed.transactions)
  return all
}

/** Restores the image alone, and gets everything behind it from the restored target. */
async function followFromImage(replica: TestServer, { prepared, target }: ResumeScene): Promise<void> {
  const { manager, plan } = prepared
  await using server = await connect(replica)
  const image = await manager.plan({ kind: 'position', at: plan.start.position })
  await manager.restore(image, { into: { kind: 'server', server }, accounts: 'none' })
  const { host, port, user, password } = target.connection
  const login = (word: string): string =>
    `${word}_HOST='${host}', ${word}_PORT=${port}, ${word}_USER='${user}', ${word}_PASSWORD='${password}'`
  const start = {
    mysql: [
      `CHANGE REPLICATION SOURCE TO ${login('SOURCE')}, SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1`,
      'START REPLICA',
    ],
    mariadb: [`CHANGE MASTER TO ${login('MASTER')}, MASTER_USE_GTID=slave_pos`, 'START SLAVE'],
  }[flavor]
  const executed = { mysql: '@@GLOBAL.gtid_executed', mariadb: '@@GLOBAL.gtid_binlog_pos' }[flavor]
  const [row] = await run(target, [`SELECT ${executed} AS gtids`])
  await run(replica, start)
  const wait = { mysql: 'WAIT_FOR_EXECUTED_GTID_SET', mariadb: 'MASTER_GTID_WAIT' }[flavor]
  const [waited] = await run(replica, [`SELECT ${wait}('${row!['gtids']}', 60) AS timedOut`])
  expect(waited).toEqual({ timedOut: 0 })
}

/** A server without a binary log does not list its files. */
async function state(target: TestServer): Promise<unknown> {
  const [row] = await run(target, ['SELECT @@GLOBAL.log_bin AS logs'])
  return row!['logs'] === 1 ? await targetState(target) : await run(target, ['SHOW DATABASES'])
}
