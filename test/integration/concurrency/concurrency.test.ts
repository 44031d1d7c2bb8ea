import { createConnection } from 'mysql2/promise'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../src/index.ts'
import type { RestorePlan, RestoreReport, Storage } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { keysIn } from '../../support/damage.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { contentsOf } from '../kills/support/contents.ts'
import { checksums, run } from '../restore/support/query.ts'

/** Transactions before the first row: of a database and a table. */
const SETUP = ['CREATE DATABASE shop', 'CREATE TABLE shop.orders (id INT PRIMARY KEY, item VARCHAR(100)) ENGINE=InnoDB']

let source: TestServer
let scratch: string
let rows = 0
beforeAll(async () => {
  source = await startServer(flavor)
  scratch = await mkdtemp(join(tmpdir(), 'mysql-pitr-concurrency-'))
  await run(source, SETUP)
})
afterAll(async () => {
  await source?.[Symbol.asyncDispose]()
  if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
})

test('two backups, two archivers and plans at once, under load, from an empty archive on: all is whole and restores exactly', async () => {
  const folder = join(scratch, 'at-once')
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  const backups = await whileWriting(async () => {
    const first = await Promise.all([backUp(folder), backUp(folder)])
    const [second] = await Promise.all([
      Promise.all([backUp(folder), backUp(folder)]),
      archiveOften(folder),
      archiveOften(folder),
      planOften(folder),
    ])
    return [...first, ...second]
  })
  await archive(folder)

  const images = [...(await manager.images())]
  expect(images.map(({ id }) => id).toSorted()).toEqual(backups.toSorted())
  expect(images.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed', 'open'])
  expect((await contentsOf(folder)).backups).toHaveLength(4)
  expect((await manager.window()).holes).toEqual([])
  await expectExact(await manager.plan({ kind: 'latest' }), manager)
})

test('archiving and a backup while a restore reads: it holds exactly its plan', async () => {
  const folder = join(scratch, 'while-restoring')
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  await using target = await startServer(flavor)
  const plan = await whileWriting(async () => {
    await backUp(folder)
    await archiveOften(folder)
    const made = await manager.plan({ kind: 'latest' })
    await Promise.all([restore(manager, made, target), archiveOften(folder), backUp(folder)])
    return made
  })
  const [content] = await run(target, ['SELECT COUNT(*) AS count, MAX(id) AS last FROM shop.orders'])
  const last = Number(/\d+$/.exec(plan.lastIncluded?.gtid ?? '')?.[0]) - SETUP.length
  expect(content).toMatchObject({ count: last, last })
  expect((await contentsOf(folder)).backups).toHaveLength(2)
})

test('two restores into one target: one is refused and writes nothing, the other is exact', async () => {
  const folder = join(scratch, 'two-restores')
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  await backUp(folder)
  await whileWriting(async () => await archiveOften(folder))
  await archive(folder)
  const latest = await manager.plan({ kind: 'latest' })
  const other = await manager.plan({ kind: 'position', at: latest.start.position })
  for (const rival of [latest, other]) {
    await using target = await startServer(flavor)
    const results = await Promise.allSettled([restore(manager, latest, target), restore(manager, rival, target)])
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
    expect(refused).toHaveLength(1)
    // The slower one can also come when the first is done.
    expect(refused[0]).toMatchObject({ code: expect.stringMatching(/^(TargetBusy|TargetNotEmpty)$/) })
    const won = results[0].status === 'fulfilled' ? latest : rival
    const [content] = await run(target, ['SELECT COUNT(*) AS count FROM shop.orders'])
    expect(content).toEqual({ count: Number(/\d+$/.exec(won.lastIncluded?.gtid ?? '')?.[0]) - SETUP.length })
  }
})

test('what killed runs left behind is never read', async () => {
  const folder = join(scratch, 'leftovers')
  await RecoveryImageManager.create({ storage: directoryStorage(folder) })
  await backUp(folder)
  await whileWriting(async () => await archiveOften(folder))
  const keys = await keysIn(folder)
  const leftovers = keys.flatMap((key) => leftoverBeside(key) ?? [])
  expect(leftovers.length).toBeGreaterThan(3)
  for (const key of leftovers) await writeFile(join(folder, key), 'half a blob')

  const read = new Set<string>()
  const manager = await RecoveryImageManager.open({ storage: recording(directoryStorage(folder), read) })
  await using server = await connect(source)
  await manager.backup(server, { method: mysqldump() })
  await manager.archive(server)
  for await (const { gtid } of manager.transactions()) expect(gtid).toBeDefined()
  await manager.window()
  await expectExact(await manager.plan({ kind: 'latest' }), manager)
  expect(read.size).toBeGreaterThan(keys.length / 2)
  expect(leftovers.filter((key) => read.has(key))).toEqual([])
})

/** Writes rows, each in a transaction of its own, with rotations between, until the work is done. */
async function whileWriting<Result>(work: () => Promise<Result>): Promise<Result> {
  const client = await createConnection({ ...source.connection })
  const done = new AbortController()
  const writing = (async () => {
    while (!done.signal.aborted) {
      rows++
      await client.query('INSERT INTO shop.orders VALUES (?, ?)', [rows, `item ${rows}`])
      if (rows % 200 === 0) await client.query('FLUSH BINARY LOGS')
    }
  })()
  try {
    return await work()
  } finally {
    done.abort()
    await writing
    await client.end()
  }
}

async function backUp(folder: string): Promise<string> {
  const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
  await using server = await connect(source)
  return (await manager.backup(server, { method: mysqldump() })).id
}

async function archive(folder: string): Promise<void> {
  const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
  await using server = await connect(source)
  await manager.archive(server)
}

async function archiveOften(folder: string): Promise<void> {
  for (let pass = 0; pass < 5; pass++) await archive(folder)
}

async function planOften(folder: string): Promise<void> {
  const manager = await RecoveryImageManager.open({ storage: directoryStorage(folder) })
  for (let i = 0; i < 10; i++) {
    expect((await manager.plan({ kind: 'latest' })).warnings).toEqual([])
    expect((await manager.window()).holes).toEqual([])
  }
}

async function restore(manager: RecoveryImageManager, plan: RestorePlan, target: TestServer): Promise<RestoreReport> {
  await using server = await connect(target)
  return await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
}

/** The source is at rest, and the plan is for all of it. */
async function expectExact(plan: RestorePlan, manager: RecoveryImageManager): Promise<void> {
  await using target = await startServer(flavor)
  await restore(manager, plan, target)
  expect(await checksums(target, 'shop')).toEqual(await checksums(source, 'shop'))
}

/** Where a run that was killed leaves bytes that no manifest names. */
function leftoverBeside(key: string): string | undefined {
  if (/\/binlogs\/.*\.zst$/.test(key)) return key.replace(/\.[0-9a-f]{8}\./, '.0badb10b.')
  return /\/backup\/.*\.zst$/.test(key) ? key.replace(/\.zst$/, '-left.zst') : undefined
}

function recording(inner: Storage, read: Set<string>): Storage {
  return {
    description: inner.description,
    list: (...args) => inner.list(...args),
    read(key, options) {
      read.add(key)
      return inner.read(key, options)
    },
    write: async (...args) => await inner.write(...args),
    stat: async (...args) => await inner.stat(...args),
    delete: async (...args) => await inner.delete(...args),
  }
}
