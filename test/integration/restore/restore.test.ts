import { createConnection } from 'mysql2/promise'
import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SILENT_LOGGER } from '../../../src/options.ts'
import type { Progress } from '../../../src/progress.ts'
import { releaseTarget } from '../../../src/restore/finish.ts'
import { connect } from '../../support/connect.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { canConnect } from './support/can-connect.ts'
import { closeGate } from './support/gate.ts'
import { APP } from './support/history.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'
import { settings } from './support/target-state.ts'

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
})
afterAll(async () => prepared?.[Symbol.asyncDispose]())

describe('a restore', () => {
  test('ends with exactly what the source holds, open to everybody, with the settings it had', async () => {
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const before = await settings(target)
    const { manager, plan, source } = prepared
    const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })

    expect(await checksums(target, 'shop')).toEqual(await checksums(source, 'shop'))
    expect(await definitions(target)).toEqual(await definitions(source))
    expect(report).toMatchObject({ ...plan.replayed, planHash: plan.hash, isolation: 'lifted', earlier: false })
    expect(report.transactions).toBeGreaterThan(10)
    expect(report.lastApplied).toEqual(plan.lastIncluded)
    expect(report.executedGtids).toBe((await run(source, [`SELECT ${GTIDS} AS gtids`]))[0]!['gtids'].replace(/\s/g, ''))
    expect(report.toText()).toContain(plan.hash)
    expect(await settings(target)).toEqual(before)
    expect(await databases(target)).toEqual(['shop'])
    expect(await canConnect(target, APP)).toBe(true)
  })

  test('loads the accounts of the backup, with their passwords and grants', async () => {
    await using target = await startServer(flavor)
    const restorer = { user: 'restorer', password: 'Restorer-1-secret' }
    await run(target, [
      `CREATE USER restorer@'%' IDENTIFIED BY '${restorer.password}'`,
      "GRANT ALL ON *.* TO restorer@'%' WITH GRANT OPTION",
      ...PROXY_RIGHT[flavor],
    ])
    await using server = await connect(target, restorer)
    await prepared.manager.restore(prepared.plan, { into: { kind: 'server', server } })
    const client = await createConnection({ ...target.connection, user: 'early', password: 'Early-1-secret' })
    const [rows] = await client.query('SELECT COUNT(*) > 0 AS found FROM shop.orders')
    expect(rows).toEqual([{ found: 1 }])
    client.destroy()
  })

  test('checks the backup before the first write when asked to', async () => {
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const verified: string[] = []
    const read: { readonly bytes: number; readonly totalBytes: number | undefined }[] = []
    await prepared.manager.restore(prepared.plan, {
      into: { kind: 'server', server },
      accounts: 'none',
      verify: 'before',
      onProgress: ({ kind, status, subject, bytes, totalBytes }) => {
        if (status === 'finished' && kind === 'restore:verify') read.push({ bytes, totalBytes })
        if (status === 'started') verified.push(kind === 'restore:verify' ? `${kind} ${subject}` : kind)
      },
    })
    expect(verified).toEqual([
      'restore:check',
      'restore:verify backup',
      'restore:verify archived log',
      'restore:load',
      'restore:replay',
      'restore:prove',
      'restore:finish',
    ])
    // To the byte: the backup, the log.
    const log = prepared.plan.segments.reduce((sum, { blob }) => sum + blob.content.bytes, 0)
    const { backup } = prepared.plan.bytes
    expect(read).toEqual([
      { bytes: backup, totalBytes: backup },
      { bytes: log, totalBytes: log },
    ])
  })

  test('that replays nothing is a restore of the backup', async () => {
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const { manager } = prepared
    const [image] = [...(await manager.images())]
    const plan = await manager.plan({ kind: 'position', at: image!.position })
    const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
    expect(report).toMatchObject({ transactions: 0, rowEvents: 0, rows: 0 })
    expect(await run(target, ['SELECT COUNT(*) AS count FROM shop.orders'])).toEqual([{ count: 2 }])
  })
})

describe('while it replays', () => {
  test.each(['direct', 'mysqlbinlog'] as const)(
    '%s: no application gets in, no password stands on a command line, and the target is read only',
    async (replayer) => {
      await using target = await startServer(flavor)
      await using server = await connect(target)
      await using gate = await closeGate(target)
      const { manager, plan } = prepared
      const restored = manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer })
      await gate.reached()

      // The account exists already: the log made it.
      expect(await run(target, [`SELECT User FROM mysql.user WHERE User = '${APP.user}'`])).toHaveLength(1)
      expect(await canConnect(target, APP)).toBe(false)
      expect(await settings(target)).toMatchObject({ read_only: 'ON', event_scheduler: 'OFF' })
      const lines = await commandLines()
      // The direct replayer has no client, and its program may have printed all it was given.
      expect(replayer === 'direct' || lines.some((line) => line.includes('--binary-mode'))).toBe(true)
      expect(lines.filter((line) => line.includes(target.connection.password))).toEqual([])

      await gate.open()
      await restored
      expect(await canConnect(target, APP)).toBe(true)
    },
  )
})

test('isolation that was asked to be kept is lifted by releaseTarget', async () => {
  await using target = await startServer(flavor)
  await using server = await connect(target)
  const before = await settings(target)
  const { manager, plan } = prepared
  const options = { into: { kind: 'server', server }, accounts: 'none', isolation: 'keep' } as const
  expect(await manager.restore(plan, options)).toMatchObject({ isolation: 'kept', earlier: false })
  expect(await canConnect(target, APP)).toBe(false)
  // Again: it is proved already, and not done twice.
  expect(await manager.restore(plan, options)).toMatchObject({ isolation: 'kept', earlier: true, ...plan.replayed })

  // Not ours: it is not dropped with the mark.
  await run(target, ['CREATE TABLE mysql_pitr.mine (id INT)'])
  const state = await settings(target)
  const aborted = releaseTarget(server, { signal: AbortSignal.abort() })
  await expect(aborted).rejects.toMatchObject({ code: 'Aborted', subject: 'opening the target' })
  expect(await settings(target)).toEqual(state)
  expect(await canConnect(target, APP)).toBe(false)

  const progress: Progress[] = []
  const said: string[] = []
  const logger = { ...SILENT_LOGGER, info: (message: string) => void said.push(message) }
  await releaseTarget(server, { onProgress: (step) => progress.push(step), logger })
  expect(progress.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
    'restore:finish started',
    'restore:finish finished',
  ])
  expect(said).toEqual(['the isolation of the target is lifted'])
  expect(await canConnect(target, APP)).toBe(true)
  expect(await settings(target)).toEqual(before)
  expect(await databases(target)).toEqual(['mysql_pitr', 'shop'])
  expect(
    await run(target, ["SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql_pitr'"]),
  ).toEqual([{ name: 'mine' }])
  await expect(releaseTarget(server)).rejects.toMatchObject({ code: 'InvalidArgument' })
})

// MariaDB's root has it, and only who has it can give it to the root of the backup; the administrator of the tests has not.
const PROXY_RIGHT = {
  mysql: [],
  mariadb: [
    `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor)
     VALUES ('%', 'restorer', '', '', 1, '')`,
    'FLUSH PRIVILEGES',
  ],
}

const GTIDS = { mysql: '@@GLOBAL.gtid_executed', mariadb: '@@GLOBAL.gtid_binlog_pos' }[flavor]

async function databases(server: TestServer): Promise<readonly string[]> {
  const names = (await run(server, ['SHOW DATABASES'])).map((row): string => row['Database'])
  return names.filter((name) => !['information_schema', 'mysql', 'performance_schema', 'sys'].includes(name))
}

async function definitions(server: TestServer): Promise<unknown> {
  const tables = ['orders', 'bytes', 'gate']
  const rows = await Promise.all(tables.map((table) => run(server, [`SHOW CREATE TABLE shop.${table}`])))
  const [routine] = await run(server, ['SHOW CREATE PROCEDURE shop.add_order'])
  return [...rows.flat(), routine]
}

async function commandLines(): Promise<readonly string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  // A process may be gone by now.
  return Promise.all(processes.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
}
