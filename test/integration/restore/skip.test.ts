import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compareBinlogPositions, mysqldump, parseGtidSet } from '../../../src/index.ts'
import type { FoundTransaction, PlanOptions, RestorePlan, RestoreReport, TransactionRef } from '../../../src/index.ts'
import { collect } from '../../storage/content.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer, wipe } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'

const BEFORE = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.orders (id INT PRIMARY KEY, item VARCHAR(100))',
  "INSERT INTO shop.orders VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')",
  'CREATE TABLE shop.stock (id INT PRIMARY KEY, n INT)',
  'INSERT INTO shop.stock VALUES (1, 10)',
  'CREATE TABLE shop.gone (id INT PRIMARY KEY)',
  'INSERT INTO shop.gone VALUES (1), (2)',
  'CREATE TABLE shop.emptied (id INT PRIMARY KEY)',
  'INSERT INTO shop.emptied VALUES (1), (2)',
  'CREATE TABLE shop.large (id INT PRIMARY KEY, v LONGTEXT)',
  "INSERT INTO shop.large VALUES (1, REPEAT('x', 3000000)), (2, REPEAT('y', 3000000))",
]
// More than a replayer holds as a whole.
const LARGE = 'DELETE FROM shop.large'
const FIRST = "INSERT INTO shop.orders VALUES (10, 'the first')"
const ELEVEN = "INSERT INTO shop.orders VALUES (11, 'eleven')"
const ELEVEN_LATER = "UPDATE shop.orders SET item = 'eleven, later' WHERE id = 11"
const COPY = 'CREATE TABLE shop.copied AS SELECT * FROM shop.gone'
const BAD = 'DELETE FROM shop.orders WHERE id < 3'
const NEXT_BAD = 'DELETE FROM shop.orders WHERE id = 3'
const DROP = 'DROP TABLE shop.gone'
const TRUNCATE = 'TRUNCATE TABLE shop.emptied'
const ALTER = 'ALTER TABLE shop.stock ADD COLUMN note VARCHAR(10)'
const WIDEN = 'ALTER TABLE shop.large ADD COLUMN note VARCHAR(10)'
const PREPARE = "XA PREPARE 'x'"
const REINSERTED = 'DELETE FROM shop.stock WHERE id = 1'
const REINSERTION = 'INSERT INTO shop.stock (id, n) VALUES (1, 20)'
const LAST = "INSERT INTO shop.orders VALUES (99, 'the last')"

const IN_XA = "INSERT INTO shop.orders VALUES (50, 'x')"
const MAKE_TEMPORARY = 'CREATE TEMPORARY TABLE picked (id INT, item VARCHAR(20))'
const FROM_TEMPORARY = 'INSERT INTO orders SELECT id, item FROM picked ORDER BY id'

/** One session makes a temporary table, and uses it behind what the other one does. */
const HISTORY: readonly (readonly [session: 'picker' | 'other', sql: string])[] = [
  ['other', FIRST],
  ['picker', 'SET SESSION binlog_format = STATEMENT'],
  ['picker', 'USE shop'],
  ['picker', MAKE_TEMPORARY],
  ['picker', "INSERT INTO picked VALUES (20, 'picked'), (21, 'also picked')"],
  ['other', ELEVEN],
  ['other', BAD],
  ['other', NEXT_BAD],
  ['other', LARGE],
  ['other', "UPDATE shop.orders SET item = 'four, later' WHERE id = 4"],
  ['other', ELEVEN_LATER],
  ['other', ALTER],
  ['other', REINSERTED],
  ['other', 'FLUSH BINARY LOGS'],
  ['other', REINSERTION],
  ['other', 'UPDATE shop.stock SET n = n + 1 WHERE id = 1'],
  ['other', TRUNCATE],
  ['other', 'INSERT INTO shop.emptied VALUES (3)'],
  ['picker', FROM_TEMPORARY],
  ['picker', 'DROP TEMPORARY TABLE picked'],
  ['other', WIDEN],
  ['other', 'CREATE TABLE shop.like_large LIKE shop.large'],
  ['other', "INSERT INTO shop.like_large VALUES (1, 'v', 'n')"],
  ['other', COPY],
  ['other', DROP],
  ['other', "XA START 'x'"],
  ['other', IN_XA],
  ['other', "XA END 'x'"],
  ['other', PREPARE],
  ['other', "XA COMMIT 'x'"],
  ['other', LAST],
]
const LOGGED = HISTORY.map(([, sql]) => sql).filter(
  (sql) => sql !== IN_XA && !/^(?:SET|USE|FLUSH|XA START|XA END)/.test(sql),
)

const NOBODYS = { mysql: '3e11fa47-71ca-11e1-9e33-c80aa9429562:7', mariadb: '7-1-7' }[flavor]

let prepared: Prepared
let target: TestServer
let all: readonly FoundTransaction[]
/** Behind the backup. */
let found: readonly FoundTransaction[]

beforeAll(async () => {
  ;[prepared, target] = await Promise.all([prepare({ before: BEFORE, after: [] }), startServer(flavor)])
  const { manager, source } = prepared
  await write(source)
  await using server = await connect(source)
  await manager.archive(server)
  all = await collect(manager.transactions())
  const [image] = [...(await manager.images())]
  found = all.filter(({ start }) => compareBinlogPositions(start, image!.position) >= 0)
})
afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
  await prepared?.[Symbol.asyncDispose]()
})
beforeEach(async () => await makeNew())

describe.each(['mysqlbinlog', 'direct'] as const)('a restore by %s', (replayer) => {
  test('leaves out the bad DELETE and holds what a server holds on which all but it was run', async () => {
    const plan = await planWithout([BAD])
    const report = await restore(plan, replayer)
    await expectContentWithout([BAD])
    const bad = made(BAD)
    expect(report).toMatchObject({ ...plan.replayed, skipped: [{ start: bad.start, gtid: bad.gtid }] })
    expect(report.transactions).toBe(LOGGED.length - 1)
    expect(report.toText()).toContain(`  skipped         ${String(bad.commitTime)}  ${bad.gtid}`)
    expectGtids(report, [bad])
  })

  test('leaves out the first and the last transaction, neighbours, a large one, and definitions', async () => {
    const without = [FIRST, BAD, NEXT_BAD, LARGE, TRUNCATE, COPY, DROP, LAST]
    const plan = await planWithout(without)
    expect(plan.lastIncluded?.start).toEqual(found.at(-2)!.start)
    const report = await restore(plan, replayer)
    await expectContentWithout(without)
    expect(report.lastApplied?.start).toEqual(found.at(-2)!.start)
    expectGtids(report, without.map(made))
  })

  test('counts what is skipped as executed when asked to', async () => {
    const plan = await planWithout([BAD, LAST], { skippedGtids: 'executed' })
    const report = await restore(plan, replayer)
    expectGtids(report, [])
    // A replica would be refused what is not in the log.
    const purged = { mysql: '@@GLOBAL.gtid_purged', mariadb: "''" }[flavor]
    const [row] = await run(target, [`SELECT ${purged} AS gtids`])
    expect(parseGtidSet(flavor, String(row!['gtids'])).includes(made(BAD).gtid!)).toBe(false)
    await expectContentWithout([BAD, LAST])
  })

  test.each([
    { what: 'a row that is there already', skipped: REINSERTED, later: REINSERTION, errno: 1062 },
    { what: 'a row that is not there', skipped: ELEVEN, later: ELEVEN_LATER, errno: 1032 },
  ])('fails at $what, names the transaction, and says why that may be', async ({ skipped, later, errno }) => {
    const plan = await planWithout([skipped])
    const error = await expectPitrError(restore(plan, replayer), {
      code: 'ReplayFailed',
      message: `ERROR ${errno} (`,
    })
    // Rows that are applied together are refused together.
    const [first, last] = (error.details['failed'] as readonly TransactionRef[]).map(({ start }) => start)
    const { start } = made(later)
    expect(compareBinlogPositions(first!, start)).toBeLessThanOrEqual(0)
    expect(compareBinlogPositions(last!, start)).toBeGreaterThanOrEqual(0)
    expect(error.hint).toContain('The plan skips a transaction, and this one may need it')
    expect(error.details['skipped']).toEqual([made(skipped).gtid])
  })
})

test('skipped GTIDs count as executed without a binary log too; a target that counts none of them there is refused', async () => {
  await using logless = await startServer(flavor, { options: ['--log-bin=OFF'] })
  const plan = await planWithout([BAD, LAST], { skippedGtids: 'executed' })
  const restored = restore(plan, 'direct', logless)
  if (flavor === 'mysql') expectGtids(await restored, [])
  else await expectPitrError(restored, { code: 'TargetIncompatible', subject: 'log_bin' })
})

describe('a plan', () => {
  test('says what is skipped, what comes behind it on the same tables, and what becomes of its GTID', async () => {
    const plan = await planWithout([BAD])
    const bad = made(BAD)
    expect(plan.skipped?.transactions).toMatchObject([
      { gtid: bad.gtid, kind: 'row', rows: 2, changes: [{ database: 'shop', table: 'orders', deleted: 2 }] },
    ])
    const later = plan.skipped!.later
    expect(later.map(({ table, transactions }) => [table, transactions])).toEqual([
      ['shop.orders', 6],
      // The statement that drops the temporary table is known to touch nothing.
      [undefined, 1],
    ])
    expect(later[0]?.first[0]?.start).toEqual(made(NEXT_BAD).start)
    const text = plan.toText()
    expect(text).toMatch(new RegExp(`^Skipped +${String(bad.commitTime)}$`, 'm'))
    expect(text).toMatch(/^ +touches shop\.orders \(2 rows deleted\)$/m)
    expect(text).toMatch(
      new RegExp(`^Changed later +shop\\.orders by 6 transactions, from ${made(NEXT_BAD).gtid} on$`, 'm'),
    )
    expect(text).toMatch(
      { mysql: /^Their GTIDs +.* not executed on the target/m, mariadb: /^Their GTIDs +count as executed/m }[flavor],
    )
  })

  test('is another one with another list, and the same one for every way to name it', async () => {
    const { gtid, start } = made(BAD)
    const { manager } = prepared
    const byGtid = await manager.plan({ kind: 'latest' }, { skip: [gtid!] })
    const byPlace = await manager.plan({ kind: 'latest' }, { skip: [{ start }] })
    expect(byPlace.hash).toBe(byGtid.hash)
    expect((await planWithout([BAD])).hash).toBe(byGtid.hash)
    expect((await planWithout([BAD, NEXT_BAD])).hash).not.toBe(byGtid.hash)
    expect((await planWithout([BAD], { skippedGtids: 'executed' })).hash).not.toBe(byGtid.hash)
  })

  test('starts from an image before what it skips, though a newer one holds it', async () => {
    const { manager, source } = prepared
    await using server = await connect(source)
    await manager.backup(server, { method: mysqldump() })
    const plan = await planWithout([BAD])
    const [oldest] = [...(await manager.images())]
    expect(plan.image.id).toBe(oldest!.id)
    expect(plan.warnings.join()).toMatch(/is nearer to the target, but may hold what is skipped/)
  })

  test.each<[string, () => PlanOptions['skip'], string, RegExp]>([
    ['a GTID nobody has', () => [NOBODYS], 'TransactionNotFound', /no archived transaction/],
    [
      'a place inside of a transaction',
      () => [{ start: { ...made(BAD).start, offset: made(BAD).start.offset + 1 } }],
      'TransactionNotFound',
      /no transaction begins there/,
    ],
    [
      'a place with the GTID of another',
      () => [{ ...made(BAD), gtid: made(LAST).gtid }],
      'TransactionNotFound',
      /another one/,
    ],
    [
      'a place in no file',
      () => [{ start: { file: 'binlog.000999', offset: 4 } }],
      'TransactionNotFound',
      /not archived/,
    ],
    ['one before the image', () => [all[0]!], 'TransactionNotFound', /before the first recovery image/],
    ['one that is named twice', () => [made(BAD), made(BAD).gtid!], 'InvalidArgument', /twice/],
    ['a part of an XA transaction', () => [made(PREPARE)], 'Unreplayable', /part of an XA transaction/],
    ['a temporary table', () => [made(MAKE_TEMPORARY)], 'Unreplayable', /temporary table/],
    ['a logged statement', () => [made(FROM_TEMPORARY)], 'Unreplayable', /not known what it touches/],
    [
      'a definition of a table that is changed later',
      () => [made(ALTER)],
      'Unreplayable',
      /touches shop\.stock, and comes behind the definition/,
    ],
    // Rows of the copy would be applied without the column, and no server complains.
    [
      'a definition that a later table is a copy of',
      () => [made(WIDEN)],
      'Unreplayable',
      /copies the definition of shop\.large, and comes behind the definition/,
    ],
  ])('is refused for %s', async (_, skip, code, message) => {
    await expectPitrError(prepared.manager.plan({ kind: 'latest' }, { skip: skip() }), {
      code: code as 'InvalidArgument',
      message,
    })
  })

  test('is refused for what lies behind its stop', async () => {
    const { manager } = prepared
    await expectPitrError(manager.plan(made(BAD).before, { skip: [made(BAD)] }), {
      code: 'TransactionNotFound',
      subject: made(BAD).gtid!,
      message: 'behind the stop',
    })
    expect(await manager.plan(made(BAD).after, { skip: [made(BAD)] })).toMatchObject({ skipped: { later: [] } })
  })
})

/** The history, without some statements. */
async function write(server: TestServer, without: readonly string[] = []): Promise<void> {
  const [picker, other] = await Promise.all([createConnection(server.connection), createConnection(server.connection)])
  for (const [session, sql] of HISTORY) {
    if (!without.includes(sql)) await { picker, other }[session].query(sql)
  }
  picker.destroy()
  other.destroy()
}

/** The transaction that a statement made. */
function made(sql: string): FoundTransaction {
  return found[LOGGED.indexOf(sql)]!
}

/** What a server holds on which all but some statements was run. */
async function expectContentWithout(without: readonly string[]): Promise<void> {
  const restored = await checksums(target, 'shop')
  await makeNew()
  await run(target, BEFORE)
  await write(target, without)
  expect(restored).toEqual(await checksums(target, 'shop'))
  expect(restored).not.toEqual(await checksums(prepared.source, 'shop'))
}

function expectGtids({ executedGtids }: RestoreReport, skipped: readonly FoundTransaction[]): void {
  const executed = parseGtidSet(flavor, executedGtids!)
  for (const { gtid } of found) {
    const isSkipped = skipped.some((other) => other.gtid === gtid)
    // A position of MariaDB stands for everything before it.
    const counts = flavor === 'mariadb' ? gtid !== found.at(-1)!.gtid || !isSkipped : !isSkipped
    expect([gtid, executed.includes(gtid!)]).toEqual([gtid, counts])
  }
}

async function planWithout(statements: readonly string[], options: PlanOptions = {}): Promise<RestorePlan> {
  return await prepared.manager.plan({ kind: 'latest' }, { skip: statements.map(made), ...options })
}

async function restore(
  plan: RestorePlan,
  replayer: 'direct' | 'mysqlbinlog',
  into: TestServer = target,
): Promise<RestoreReport> {
  await using server = await connect(into)
  return await prepared.manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer })
}

async function makeNew(): Promise<void> {
  const { connection } = target
  const client = await createConnection({ ...connection })
  await wipe(client, flavor, `${connection.host}:${connection.port}`)
  await client.end()
}
