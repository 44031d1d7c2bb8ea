import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { mysqldump, RestorePlan } from '../../../src/index.ts'
import type { RecoveryImageManager } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { create, expectNothingDone, open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

let prepared: Prepared
let manager: RecoveryImageManager
let plan: RestorePlan
beforeAll(async () => {
  prepared = await prepare()
  manager = await open(prepared.folder)
  plan = await manager.plan({ kind: 'latest' })
  return async () => await prepared[Symbol.asyncDispose]()
})

describe('a target that must not be restored into', () => {
  test('the source itself: TargetIsSource', async () => {
    const target = prepared.source
    await expectRefused(target, { code: 'TargetIsSource', subject: String(target.connection.port) })
  })

  test('a server with a database: TargetNotEmpty names it', async () => {
    await using target = await startServer(flavor)
    await run(target, ['SET SESSION sql_log_bin = 0', 'CREATE DATABASE precious'])
    await expectRefused(target, { code: 'TargetNotEmpty', subject: 'precious' })
  })

  test('a server that has executed a part of this history: TargetIncompatible names the GTIDs it would skip', async () => {
    await using target = await startServer(flavor)
    const last = plan.lastIncluded?.gtid ?? ''
    await run(target, [
      flavor === 'mysql' ? `SET GLOBAL gtid_purged = '${last}'` : `SET GLOBAL gtid_slave_pos = '${last}'`,
    ])
    await expectRefused(target, { code: 'TargetIncompatible', subject: last })
  })

  test('a server that a restore isolated, and somebody emptied with its mark: TargetNotEmpty', async () => {
    await using target = await startServer(flavor)
    await using server = await connect(target)
    await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', isolation: 'keep' })
    await run(target, ['SET SESSION sql_log_bin = 0', 'DROP DATABASE shop', 'DROP DATABASE mysql_pitr'])
    await expectRefused(target, { code: 'TargetNotEmpty', subject: 'init_connect' })
  })

  test('a server of the other flavor: TargetIncompatible', async () => {
    await using target = await startServer(flavor === 'mysql' ? 'mariadb' : 'mysql')
    await expectRefused(target, { code: 'TargetIncompatible', subject: /mysql|mariadb/i })
  })

  test.skipIf(flavor === 'mariadb')('a server without GTIDs, for history with GTIDs: TargetIncompatible', async () => {
    await using target = await startServer(flavor, { options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] })
    await expectRefused(target, { code: 'TargetIncompatible', subject: /gtid/i })
  })

  test('an account the backup holds: AccountCollision names it', async () => {
    await using server = await connect(prepared.target)
    await expectNothingDone(prepared, async () => await manager.restore(plan, { into: { kind: 'server', server } }), {
      code: 'AccountCollision',
      subject: prepared.target.connection.user,
    })
  })
})

test('two restores into one target: TargetBusy for the second, and the first is not disturbed', async () => {
  await using target = await startServer(flavor)
  await using server = await connect(target)
  let second: Promise<unknown> | undefined
  await manager.restore(plan, {
    into: { kind: 'server', server },
    accounts: 'none',
    onProgress({ kind, status }) {
      if (kind === 'restore:load' && status === 'started') {
        second = expectPitrError(restoreAgain(target), { code: 'TargetBusy', secrets: [target.connection.password] })
      }
    },
  })
  await second
  expect(second).toBeDefined()
  const client = await createConnection({ ...target.connection })
  const [rows] = await client.query<RowDataPacket[]>('SELECT COUNT(*) AS count FROM shop.orders')
  expect(rows).toEqual([{ count: 40 }])
  client.destroy()
})

describe('a plan that is not of this archive, or not as it was made', () => {
  test('the plan of another archive: PlanMismatch names that archive', async () => {
    const other = await create(join(await prepared.scratch(), 'other'))
    await using source = await connect(prepared.source)
    await other.backup(source, { method: mysqldump() })
    const foreign = await other.plan({ kind: 'latest' })
    await expectRefused(prepared.target, { code: 'PlanMismatch', subject: foreign.archiveId }, foreign)
  })

  test('a plan whose stop was edited: CorruptManifest when it is read', async () => {
    const json = asText(plan)
    const edited = json.replace(`"offset":${plan.stop.position.offset}`, `"offset":${plan.stop.position.offset + 1}`)
    expect(edited).not.toBe(json)
    await expectNothingDone(prepared, async () => await Promise.resolve(RestorePlan.fromJSON(JSON.parse(edited))), {
      code: 'CorruptManifest',
      subject: /hash|stop/,
    })
  })

  test('a plan whose hash was made to fit: PlanMismatch, the archive is asked again', async () => {
    const [segment, ...others] = plan.segments
    if (segment === undefined) throw new Error('the plan replays nothing')
    const content = { ...segment.blob.content, sha256: 'a'.repeat(64) }
    const segments = [{ ...segment, blob: { ...segment.blob, content } }, ...others]
    const forged = new RestorePlan(Object.assign({}, plan, { segments }))
    await expectRefused(prepared.target, { code: 'PlanMismatch', subject: segment.file }, forged)
  })

  test('a plan of a newer version: UnknownFormat', async () => {
    const json = { ...JSON.parse(asText(plan)), formatVersion: 99 }
    await expectNothingDone(prepared, async () => await Promise.resolve(RestorePlan.fromJSON(json)), {
      code: 'UnknownFormat',
      subject: '99',
    })
  })

  test('a plan that is no plan: CorruptManifest', async () => {
    for (const json of [null, 'latest', [], {}, { formatVersion: 1 }]) {
      await expectPitrError(() => RestorePlan.fromJSON(json), { code: 'CorruptManifest' })
    }
  })
})

async function expectRefused(
  target: TestServer,
  wanted: Parameters<typeof expectNothingDone>[2],
  what: RestorePlan = plan,
): Promise<void> {
  await using server = await connect(target)
  await expectNothingDone(
    { ...prepared, target },
    async () => await manager.restore(what, { into: { kind: 'server', server }, accounts: 'none' }),
    wanted,
  )
}

async function restoreAgain(target: TestServer): Promise<unknown> {
  await using server = await connect(target)
  return await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
}

async function run({ connection }: TestServer, statements: readonly string[]): Promise<void> {
  const client = await createConnection({ ...connection })
  for (const statement of statements) await client.query(statement)
  await client.end()
}

function asText(value: RestorePlan): string {
  return JSON.stringify(value)
}
