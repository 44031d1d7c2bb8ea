import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { PitrError } from '../../../src/errors.ts'
import { directReplayer } from '../../../src/restore/replay/direct.ts'
import { mysqlbinlogReplayer } from '../../../src/restore/replay/mysqlbinlog.ts'
import type { Replayer, ReplayFile, ReplayJob } from '../../../src/restore/replay/replayer.ts'
import type { Server } from '../../../src/server/server.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connect } from './support/connect.ts'
import { bytesOf, logFiles, withTransactions } from './support/log-files.ts'
import { checksums, run } from './support/query.ts'

let source: TestServer
let target: TestServer
let server: Server
let files: readonly ReplayFile[]
let withRows: ReplayFile
let withAccount: ReplayFile

beforeAll(async () => {
  ;[source, target] = await Promise.all([startServer(flavor), startServer(flavor)])
  server = await connect(target)
  await run(source, HISTORY)
  files = await logFiles(source)
  await run(source, [WORDS, 'FLUSH BINARY LOGS', ...ROWS])
  withRows = (await logFiles(source)).at(-1)!
  await run(source, ['FLUSH BINARY LOGS', `CREATE USER other@'%' IDENTIFIED BY '${SECRET}'`])
  withAccount = (await logFiles(source)).at(-1)!
  await run(source, ['DROP TABLE shop.words'])
})

afterAll(async () => {
  await Promise.all([source?.[Symbol.asyncDispose](), target?.[Symbol.asyncDispose]()])
})

describe.each([directReplayer(), mysqlbinlogReplayer()])('the $name replayer', (replayer) => {
  test('replays several files in one session: temporary tables and what statements depend on live on', async () => {
    await reset()
    await replay(replayer, {})
    expect(await checksums(target, 'shop')).toEqual(await checksums(source, 'shop'))
    expect(await run(target, ['SELECT nonce FROM mark.mark'])).toEqual([{ nonce: 'arrived' }])
    // A bare routine body with semicolons, and bytes that a client not in binary mode would change.
    expect(await run(target, ['SELECT HEX(data) AS data FROM shop.bytes WHERE id = 1'])).toEqual([
      { data: Buffer.from('a\r\n\0b').toString('hex').toUpperCase() },
    ])
  })

  test('fails with the words of the server when a statement is refused, and sends no sentinel', async () => {
    await reset()
    await run(target, ['CREATE DATABASE shop', 'CREATE TABLE shop.orders (id INT)', ...FORGET[flavor]])
    const error = await failure(replay(replayer, {}))
    expect(error.code).toBe('ReplayFailed')
    expect(error.message).toMatch(/the replay failed .*ERROR 1007 \(HY000\).*database exists/s)
    expect(await run(target, ['SELECT nonce FROM mark.mark'])).toEqual([{ nonce: '' }])
  })

  test('names the transaction of a refused statement, and shows no password of it', async () => {
    await reset()
    await run(target, ["CREATE USER other@'%'", ...FORGET[flavor]])
    const error = await failure(replay(replayer, { files: [withAccount] }))
    expect(error.message).toMatch(/ERROR 1396 \(HY000\)/)
    await expectNamed(error, withAccount, [0])
    await run(target, ["DROP USER other@'%'"])
  })

  test.each([
    { what: 'a row that is there already', errno: 1062, before: ROWS[1]!, failed: 1 },
    { what: 'a table that is not there', errno: 1146, before: 'DROP TABLE shop.words', failed: 0 },
  ])('names the transaction of refused rows, and shows none of the rows: $what', async ({ errno, before, failed }) => {
    await reset()
    await run(target, ['CREATE DATABASE shop', WORDS, before, ...FORGET[flavor]])
    const error = await failure(replay(replayer, { files: [withRows] }))
    expect(error.message).toContain(`ERROR ${errno} (`)
    await expectNamed(error, withRows, [failed])
  })

  test('says that a privilege is missing, and not what was sent', async () => {
    await reset()
    await run(target, ["CREATE USER poor@'%' IDENTIFIED BY 'Poor-1-secret'", ...NO_BINLOG[flavor], ...FORGET[flavor]])
    await using poor = await connect(target, { user: 'poor', password: 'Poor-1-secret' })
    const error = await failure(replay(replayer, { files: [withRows], target: poor }))
    expect(error.message).toMatch(/ERROR 1227 \(42000\).*privilege/s)
    await expectNamed(error, withRows, [])
    await run(target, ["DROP USER poor@'%'"])
  })

  test('passes on the error of the reader and leaves no program behind', async () => {
    await reset()
    const [first] = files
    const torn: ReplayFile = {
      ...first!,
      async *transactions() {
        yield* first!.transactions()
        throw new PitrError('ChecksumMismatch', { subject: 'a segment', message: 'damaged', hint: 'none' })
      },
    }
    const error = await failure(replay(replayer, { files: [torn] }))
    expect(error.code).toBe('ChecksumMismatch')
    await expect.poll(clients).toBe(0)
  })

  test('ends as Aborted by its signal and leaves no program behind', async () => {
    await reset()
    const stop = new AbortController()
    const [first] = files
    const endless: ReplayFile = {
      ...first!,
      async *transactions() {
        yield* first!.transactions()
        stop.abort()
        await new Promise((resolve) => setTimeout(resolve, 100))
      },
    }
    const error = await failure(replay(replayer, { files: [endless], signal: stop.signal }))
    expect(error.code).toBe('Aborted')
    await expect.poll(clients).toBe(0)
  })

  test('fails when the session is killed in the middle', async () => {
    await reset()
    const [first] = files
    const interrupted: ReplayFile = {
      ...first!,
      async *transactions() {
        yield* first!.transactions()
        await expect.poll(clients).toBe(1)
        const [row] = await run(target, [CLIENTS])
        await run(target, [`KILL ${row!['ID']}`])
      },
    }
    const error = await failure(replay(replayer, { files: [interrupted] }))
    expect(error.message).toMatch(/ERROR (?:2013|2006|1927|1317|2026|4031)|the connection was lost/)
  })
})

describe('the direct replayer', () => {
  test('names the tables of a refused transaction, and takes back what it applied to find it', async () => {
    await reset()
    await run(target, ['CREATE DATABASE shop', WORDS, ROWS[1]!, ...FORGET[flavor]])
    const error = await failure(replay(directReplayer(), { files: [withRows] }))
    expect(error.message).toContain(', which touches shop.words (')
    expect(error.details['tables']).toEqual(['shop.words'])
    expect(await run(target, ['SELECT COUNT(*) AS n FROM shop.words'])).toEqual([{ n: 1 }])
  })
})

describe('the mysqlbinlog replayer', () => {
  test.each([
    ['inside an event', (bytes: Buffer) => bytes.subarray(0, bytes.length - 10)],
    [
      'behind a damaged byte',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 90), Buffer.from('!'), bytes.subarray(91)]),
    ],
  ])('fails when a file ends %s, although the program may exit with 0', async (_, damage) => {
    await reset()
    const [first, ...others] = files
    const bytes = damage(await bytesOf(first!))
    const error = await failure(
      replay(mysqlbinlogReplayer(), { files: [withTransactions(first!, [bytes]), ...others] }),
    )
    expect(error.message).toMatch(/mysqlbinlog|mariadb-binlog/)
    expect(error.details['stderr']).toMatch(/truncated|crc|checksum|corrupt|Sanity/i)
    expect(await run(target, ['SELECT nonce FROM mark.mark'])).toEqual([{ nonce: '' }])
  })
})

async function replay(replayer: Replayer, changes: Partial<ReplayJob>): Promise<unknown> {
  return replayer.replay({
    target: server,
    files,
    expected: { transactions: 0, rowEvents: 0, rows: 0, bytes: 0 },
    preserveTransactions: false,
    sentinel: [...server.dialect.unloggedSession, "UPDATE mark.mark SET nonce = 'arrived'"],
    ...changes,
  })
}

async function failure(promise: Promise<unknown>): Promise<PitrError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(PitrError)
  return error as PitrError
}

/** The error names these transactions of the file, and shows nothing of what was sent. */
async function expectNamed(error: PitrError, file: ReplayFile, indexes: readonly number[]): Promise<void> {
  expect(error.code).toBe('ReplayFailed')
  const transactions: Transaction[] = []
  for await (const chunk of file.transactions()) transactions.push(...chunk.transactions)
  for (const { start, gtid, commitTime } of indexes.map((index) => transactions[index]!)) {
    expect(error.message).toContain(`${gtid} at ${file.file}:${start}, committed at ${String(commitTime)}`)
  }
  const everything = inspect(error, { depth: Infinity, showHidden: true, maxStringLength: Infinity })
  for (const sent of [SECRET, 'guarded', Buffer.from('guarded').toString('base64').slice(0, 8)]) {
    expect(everything).not.toContain(sent)
  }
  expect(everything).not.toMatch(/BINLOG '|[\w+/]{70}/)
}

/** An empty target with a mark of its own. */
async function reset(): Promise<void> {
  // What was prepared when a replay was stopped.
  const prepared = await run(target, ['XA RECOVER'])
  await run(
    target,
    prepared.map(() => "XA ROLLBACK 'held'"),
  )
  await run(target, [
    'DROP DATABASE IF EXISTS shop',
    'DROP DATABASE IF EXISTS mark',
    'CREATE DATABASE mark',
    "CREATE TABLE mark.mark (nonce VARCHAR(64) NOT NULL DEFAULT '')",
    'INSERT INTO mark.mark VALUES ()',
    ...FORGET[flavor],
  ])
}

const CLIENTS = "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Daemon'"

async function clients(): Promise<number> {
  return (await run(target, [CLIENTS])).length
}

const FORGET = { mysql: ['RESET BINARY LOGS AND GTIDS'], mariadb: ['RESET MASTER'] }

const SECRET = 'hunter2-of-the-log'
const WORDS = 'CREATE TABLE shop.words (word VARCHAR(100) PRIMARY KEY)'
const ROWS = ['one', 'guarded words, guarded words', 'three'].map((word) => `INSERT INTO shop.words VALUES ('${word}')`)

/** Everything but what a BINLOG statement needs. */
const NO_BINLOG = {
  mysql: ["GRANT ALL ON *.* TO poor@'%'", "REVOKE SUPER, BINLOG_ADMIN, REPLICATION_APPLIER ON *.* FROM poor@'%'"],
  mariadb: ["GRANT ALL ON *.* TO poor@'%'", "REVOKE SUPER, BINLOG REPLAY ON *.* FROM poor@'%'"],
}

const HISTORY = [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(100), factor DOUBLE)',
  "INSERT INTO orders (item) VALUES ('one'), ('two')",
  'CREATE TABLE bytes (id INT PRIMARY KEY, data BLOB)',
  "INSERT INTO bytes VALUES (1, 'a\\r\\n\\0b')",
  'SET SESSION binlog_format = STATEMENT',
  "INSERT INTO bytes VALUES (2, 'a\\r\\n\\0b;')",
  'CREATE TEMPORARY TABLE picked (id INT, item VARCHAR(10))',
  // Makes a session of MariaDB that replays it forget whose temporary tables it has.
  "XA START 'held'",
  "INSERT INTO orders (item) VALUES ('held')",
  "XA END 'held'",
  "XA PREPARE 'held'",
  "XA COMMIT 'held'",
  "INSERT INTO picked VALUES (1, 'a'), (2, 'b')",
  "INSERT INTO orders (item) VALUES ('Größe 東京 🚀')",
  "CREATE TABLE `größe` (`列` ENUM('ä', 'ö') DEFAULT 'ö' COMMENT 'Länge')",
  'INSERT INTO `größe` VALUES ()',
  "SET @item = 'from a variable'",
  'INSERT INTO orders (item) VALUES (@item)',
  "INSERT INTO orders (item, factor) VALUES ('by chance', RAND())",
  'FLUSH BINARY LOGS',
  "INSERT INTO picked VALUES (3, 'c')",
  'INSERT INTO orders (item, factor) SELECT item, id FROM picked ORDER BY id',
  'FLUSH BINARY LOGS',
  'DROP TEMPORARY TABLE picked',
  'SET SESSION binlog_format = ROW',
  "CREATE PROCEDURE add_order() BEGIN DECLARE n INT; SET n = 1; INSERT INTO orders (item) VALUES ('by a routine;'); END",
  'CALL add_order()',
  "UPDATE orders SET item = CONCAT(item, '!') WHERE id < 3",
  'INSERT INTO bytes SELECT id + 10, REPEAT(data, 1000) FROM bytes',
  // Rows that are too large to go along with the text behind them.
  "INSERT INTO bytes SELECT id + 100, REPEAT('x', 60000) FROM bytes",
  'CREATE TABLE behind (id INT PRIMARY KEY)',
  'INSERT INTO behind VALUES (1)',
]
