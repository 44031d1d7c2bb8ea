import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../src/index.ts'
import type { ArchiveReport, FoundTransaction, Server } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { ServerConnection, TestServer } from '../../support/servers/index.ts'

const SECOND = 1_000_000

/** Makes transactions wait for others before they are written, or made durable. */
const SLOW_COMMITS = {
  mysql: ['SET GLOBAL binlog_group_commit_sync_delay = 700000'],
  mariadb: ['SET GLOBAL binlog_commit_wait_count = 100', 'SET GLOBAL binlog_commit_wait_usec = 1500000'],
}[flavor]

/** Statements that run for seconds before they are logged, some of which could pass for a commit. */
const SLOW_STATEMENTS = [
  'INSERT INTO t (x) SELECT SLEEP(2)',
  'CREATE TABLE IF NOT EXISTS slow AS SELECT SLEEP(2) AS x',
  'ALTER TABLE wide ADD COLUMN extra INT, ALGORITHM=COPY',
  'CALL work()',
]

const [START, STOP] = {
  mysql: ['START REPLICA', 'STOP REPLICA'] as const,
  mariadb: ['START SLAVE', 'STOP SLAVE'] as const,
}[flavor]

/** What replicates three seconds behind. */
function replication({ host, port }: ServerConnection): readonly string[] {
  return {
    mysql: [
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST='${host}', SOURCE_PORT=${port}, SOURCE_USER='repl', SOURCE_PASSWORD='Aa1-repl', SOURCE_AUTO_POSITION=1, SOURCE_DELAY=3, GET_SOURCE_PUBLIC_KEY=1`,
      START,
    ],
    mariadb: [
      `CHANGE MASTER TO MASTER_HOST='${host}', MASTER_PORT=${port}, MASTER_USER='repl', MASTER_PASSWORD='Aa1-repl', MASTER_USE_GTID=slave_pos, MASTER_DELAY=3`,
      START,
    ],
  }[flavor]
}

test('no transaction is logged later with a commit time that was called complete', async () => {
  await using scene = await prepare()
  const { admin } = scene
  for (const statement of SLOW_COMMITS) await admin.query(statement)
  const stop = new AbortController()
  const writers = [...SLOW_STATEMENTS, ...Array.from({ length: 3 }, () => 'INSERT INTO t (x) VALUES (1)')].map(
    async (statement, i) => {
      await using writer = await client(scene.source)
      for (let n = 0; !stop.signal.aborted; n++) {
        if (statement.startsWith('CREATE')) await writer.connection.query('DROP TABLE IF EXISTS slow')
        if (statement.startsWith('ALTER')) await dropExtra(writer.connection)
        await writer.connection.query(statement)
        await sleep(40 * i + (n % 7) * 30)
      }
    },
  )
  const ended = Promise.allSettled(writers)
  const passes = await passesFor(scene, 12_000).finally(() => stop.abort())
  expect((await ended).filter(({ status }) => status === 'rejected')).toEqual([])
  passes.push(await scene.manager.archive(scene.server))
  await expectTrue(scene.manager, passes)
})

test('a statement that runs for long and does not commit does not hold the archive back', async () => {
  await using scene = await prepare()
  await using reader = await client(scene.source)
  await using open = await client(scene.source)
  await open.connection.query('BEGIN')
  await open.connection.query('INSERT INTO t (x) VALUES (2)')
  const reading = reader.connection.query('SELECT SLEEP(4)')
  await sleep(2500)
  const before = Date.now()
  const { coveredUntil } = await scene.manager.archive(scene.server)
  expect(Math.abs(coveredUntil.toDate().getTime() - before)).toBeLessThan(1500)
  await reading
})

test('a commit that hangs holds the archive back, and takes nothing back that was called complete', async () => {
  await using scene = await prepare()
  for (const statement of SLOW_COMMITS) await scene.admin.query(statement)
  await using writer = await client(scene.source)
  // It begins to commit only when passes have called complete what is behind its beginning.
  const hanging = writer.connection.query('INSERT INTO t (x) SELECT SLEEP(2)')
  const passes = await passesFor(scene, 5_000)
  await hanging
  const times = passes.map(({ coveredUntil }) => coveredUntil.epochMicroseconds)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  const held = times.some((time, i) => time === times[i - 1])
  // On MySQL its time is taken behind the wait.
  expect(held).toBe(flavor === 'mariadb')
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(3 * SECOND)
  await expectTrue(scene.manager, passes, 1)
})

test("on a replica the archive is not called complete beyond what comes from the source's past", async () => {
  await using origin = await startServer(flavor)
  await using writer = await client(origin, '')
  for (const statement of [
    'CREATE DATABASE shop',
    'CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, x INT)',
    "CREATE USER repl@'%' IDENTIFIED BY 'Aa1-repl'",
    "GRANT REPLICATION SLAVE ON *.* TO repl@'%'",
  ]) {
    await writer.connection.query(statement)
  }
  await using replica = await startServer(flavor, { options: ['--log-slave-updates=1'] })
  await using admin = await client(replica, '')
  for (const statement of replication(origin.connection)) await admin.connection.query(statement)
  const arrived = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop'"
  while ((await rowsOf(admin.connection, arrived)) === 0) await sleep(100)
  const granted = "SELECT 1 FROM mysql.user WHERE user = 'repl' AND Repl_slave_priv = 'Y'"
  while ((await rowsOf(admin.connection, granted)) === 0) await sleep(20)
  // The archive begins without a transaction: nothing tells how old the next one is.
  await admin.connection.query('FLUSH BINARY LOGS')
  await using scene = await archiveOf(replica)
  const write = async () => {
    for (let i = 0; i < 40; i++) {
      await writer.connection.query('INSERT INTO shop.t (x) VALUES (1)')
      await sleep(50)
    }
    // The last of them arrive.
    await sleep(4_000)
  }
  const [, passes] = await Promise.all([write(), passesFor(scene, 7_000)])
  // Stopped it applies nothing, and what it applies later is as old as it was on the source.
  await admin.connection.query(STOP)
  await writer.connection.query('INSERT INTO shop.t (x) VALUES (2)')
  await sleep(1_500)
  passes.push(await scene.manager.archive(scene.server))
  await admin.connection.query(START)
  await expect
    .poll(async () => rowsOf(admin.connection, 'SELECT 1 FROM shop.t WHERE x = 2'), { timeout: 30_000 })
    .toBe(1)
  passes.push(await scene.manager.archive(scene.server))
  await expectTrue(scene.manager, passes)
})

interface Scene extends AsyncDisposable {
  readonly source: TestServer
  readonly admin: Connection
  readonly manager: RecoveryImageManager
  readonly server: Server
}

async function prepare(): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const source = undo.use(await startServer(flavor))
  await using admin = await client(source, '')
  for (const statement of [
    'CREATE DATABASE shop',
    'USE shop',
    'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, x INT)',
    'CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200))',
    "INSERT INTO wide (text) VALUES (REPEAT('a', 200))",
    ...Array.from({ length: 15 }, () => 'INSERT INTO wide (text) SELECT text FROM wide'),
    'CREATE PROCEDURE work() BEGIN INSERT INTO t (x) VALUES (3); DO SLEEP(1); INSERT INTO t (x) VALUES (4); END',
  ]) {
    await admin.connection.query(statement)
  }
  const scene = undo.use(await archiveOf(source))
  const kept = undo.move()
  return { ...scene, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
}

async function archiveOf(source: TestServer): Promise<Scene> {
  const undo = new AsyncDisposableStack()
  const { connection: admin } = undo.use(await client(source, ''))
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-coverage-'))
  undo.defer(async () => await rm(folder, { recursive: true, force: true }))
  const manager = await RecoveryImageManager.create({ storage: directoryStorage(join(folder, 'archive')) })
  const server = undo.use(await connect(source))
  await manager.backup(server, { method: mysqldump() })
  return { source, admin, manager, server, [Symbol.asyncDispose]: async () => await undo.disposeAsync() }
}

async function client(
  { connection }: TestServer,
  database = 'shop',
): Promise<AsyncDisposable & { readonly connection: Connection }> {
  const made = await createConnection({ ...connection, ...(database === '' ? {} : { database }) })
  return {
    connection: made,
    async [Symbol.asyncDispose]() {
      await Promise.resolve(made.destroy())
    },
  }
}

async function rowsOf(connection: Connection, question: string): Promise<number> {
  const [rows] = await connection.query(question)
  return (rows as unknown[]).length
}

async function dropExtra(connection: Connection): Promise<void> {
  if ((await rowsOf(connection, "SHOW COLUMNS FROM wide LIKE 'extra'")) > 0)
    await connection.query('ALTER TABLE wide DROP COLUMN extra')
}

async function passesFor({ manager, server }: Scene, milliseconds: number): Promise<ArchiveReport[]> {
  const passes: ArchiveReport[] = []
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(30))
    passes.push(await manager.archive(server))
  return passes
}

/** What was in the archive when a pass ended holds every commit up to the moment the pass called complete. */
async function expectTrue(
  manager: RecoveryImageManager,
  passes: readonly ArchiveReport[],
  atLeast = 21,
): Promise<void> {
  const transactions: FoundTransaction[] = []
  for await (const transaction of manager.transactions()) transactions.push(transaction)
  expect(transactions.length).toBeGreaterThanOrEqual(atLeast)
  const late = passes.flatMap(({ end, coveredUntil }) =>
    transactions
      .filter(({ start: { file, offset } }) => file > end.file || (file === end.file && offset >= end.offset))
      .filter(({ commitTime: { epochMicroseconds: at, resolution } }) =>
        // A whole second is called complete when it is over.
        resolution === 'second'
          ? at + SECOND - 1 <= coveredUntil.epochMicroseconds
          : at <= coveredUntil.epochMicroseconds,
      )
      .map(({ commitTime, kind }) => `${kind} of ${commitTime.toString()}, complete until ${coveredUntil.toString()}`),
  )
  expect(late).toEqual([])
  expect(passes.length).toBeGreaterThan(5)
}
