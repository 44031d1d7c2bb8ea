import { createConnection } from 'mysql2/promise'
import { describe, expect, test } from 'vitest'
import type { ReplayerName, RestoreReport } from '../../../src/index.ts'
import type { BinlogEvent } from '../../../src/binlog/event.ts'
import { UpdatesApart } from '../../../src/binlog/updates-apart.ts'
import { parseGtidSet } from '../../../src/coordinates/parse-gtid-set.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer, wipe } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { AFTER_BACKUP, BEFORE_BACKUP } from './support/history.ts'
import { logFiles } from './support/log-files.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'

/** Many events of one statement, rows before those they refer to, rows that replace others of their own statement. */
const UNCHECKED = [
  'SET SESSION unique_checks = 0, foreign_key_checks = 0',
  'CREATE TABLE shop.filled (id INT PRIMARY KEY, item VARCHAR(10), data BLOB, KEY (item))',
  `INSERT INTO shop.filled
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 1000)
    SELECT id, CONCAT('item ', id), REPEAT('x', 3000) FROM n`,
  'CREATE TABLE shop.replaced (id INT PRIMARY KEY, item VARCHAR(10))',
  "REPLACE INTO shop.replaced VALUES (1, 'a'), (2, 'b'), (1, 'c')",
  'CREATE TABLE shop.wholes (id INT PRIMARY KEY)',
  'CREATE TABLE shop.parts (id INT PRIMARY KEY, whole INT, FOREIGN KEY (whole) REFERENCES shop.wholes (id))',
  'INSERT INTO shop.parts VALUES (1, 1), (2, 2)',
  'INSERT INTO shop.wholes VALUES (1), (2)',
]
/** More rows than go along with the text before or behind them. */
const FILLING = Array.from({ length: 25 }, () => "INSERT INTO shop.orders (item) VALUES ('filling')")
/** Statements that update a row again and again, on tables whose rows servers look for without a key that names one row. */
const REPEATED = {
  mysql: [
    "binlog_row_image = 'FULL'",
    "binlog_row_image = 'MINIMAL'",
    "binlog_row_value_options = 'PARTIAL_JSON'",
    'binlog_transaction_compression = ON',
  ],
  mariadb: ["binlog_row_image = 'FULL'"],
}[flavor].flatMap((setting, i) => [
  `SET SESSION ${setting}`,
  `CREATE TABLE shop.again${i} (id INT UNIQUE, doc JSON, note TEXT, data BLOB, n INT)`,
  `INSERT INTO shop.again${i} VALUES (1, '{"a": "old"}', 'old', 'old', 0), (2, '{"a": "old"}', 'old', 'old', 0)`,
  ...FILLING,
  `REPLACE INTO shop.again${i} VALUES (1, '{"a": "two"}', 'two', 'two', 1), (1, '{"a": "new"}', 'new', 'new', 2)`,
  `INSERT INTO shop.again${i} VALUES (2, '{"a": "two"}', 'two', 'two', 1), (1, '{"a": "odd"}', 'odd', 'odd', 3),
      (2, '{"a": "new"}', 'new', 'new', 2), (2, '{"a": "end"}', 'end', 'end', 2)
      ON DUPLICATE KEY UPDATE doc = JSON_SET(doc, '$.a', VALUES(note)), note = VALUES(note), data = VALUES(data), n = VALUES(n)`,
  `CREATE TABLE shop.keyless${i} (n INT, name VARCHAR(10), note TEXT, KEY (n))`,
  `INSERT INTO shop.keyless${i} VALUES (0, 'a', 'old'), (5, 'b', 'old')`,
  `CREATE FUNCTION shop.step${i}(x INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA
      BEGIN UPDATE shop.keyless${i} SET n = x, note = CONCAT('no', x) WHERE name = 'a'; RETURN x; END`,
  ...FILLING,
  `SELECT shop.step${i}(1) + shop.step${i}(0) + shop.step${i}(3) + shop.step${i}(2)`,
])
const NO_GTIDS = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']

describe('a restore ends with what the source holds', () => {
  test('on a target without a binary log', async () => {
    await using prepared = await prepare()
    for (const replayer of ['mysqlbinlog', 'direct'] as const) {
      // Its GTIDs cannot be forgotten.
      await using target = await startServer(flavor, { options: ['--log-bin=OFF'] })
      await expectRestored(prepared, target, [replayer])
    }
  })

  test('of a compressed log, with a transaction in it that is too large to be unpacked at once', async () => {
    const options = { mysql: ['--binlog-transaction-compression=ON'], mariadb: ['--log-bin-compress=ON'] }[flavor]
    const large = [
      'CREATE TABLE shop.large (id INT PRIMARY KEY, data LONGBLOB)',
      'BEGIN',
      ...[1, 2, 3].map((id) => `INSERT INTO shop.large VALUES (${id}, REPEAT('x', ${id} * 2000000))`),
      "UPDATE shop.large SET data = CONCAT(data, 'y')",
      'COMMIT',
      // Unpacked before it is replayed, for the row that is updated twice.
      `CREATE PROCEDURE shop.fill() BEGIN
        DECLARE i INT DEFAULT 10;
        WHILE i < 6000 DO INSERT INTO shop.large VALUES (i, i); SET i = i + 1; END WHILE;
      END`,
      'BEGIN',
      'CALL shop.fill()',
      "UPDATE shop.large SET data = CONCAT(data, 'z') WHERE id < 10",
      "REPLACE INTO shop.large VALUES (4, 'a'), (4, 'b'), (4, 'c')",
      'COMMIT',
    ]
    await using prepared = await prepare({ options, after: [...AFTER_BACKUP, ...large, ...UNCHECKED] })
    await using target = await startServer(flavor)
    await expectRestored(prepared, target)
  })

  test('of a log without checksums', async () => {
    await using prepared = await prepare({
      options: ['--binlog-checksum=NONE'],
      after: [...AFTER_BACKUP, ...UNCHECKED],
    })
    await using target = await startServer(flavor)
    await expectRestored(prepared, target)
  })

  test('of a log that ends with a statement that changes nothing', async () => {
    const nothing = ['SET SESSION binlog_format = STATEMENT', "UPDATE orders SET item = 'nobody' WHERE id < 0"]
    await using prepared = await prepare({ after: [...AFTER_BACKUP, ...nothing] })
    await using target = await startServer(flavor)
    const { lastApplied, executedGtids } = await expectRestored(prepared, target)
    expect(parseGtidSet(flavor, executedGtids!).includes(lastApplied!.gtid!)).toBe(true)
  })

  test('of rows logged in part, or MariaDB refuses to plan what its log does not say', async () => {
    const after = [
      'USE shop',
      "SET SESSION binlog_row_image = 'MINIMAL'",
      "CREATE TABLE part (id INT PRIMARY KEY, a INT, x VARCHAR(20) DEFAULT 'default')",
      "INSERT INTO part (id, a, x) VALUES (1, 1, 'first'), (2, 2, 'second')",
      'REPLACE INTO part (id, a) VALUES (1, 100)',
      'UPDATE part SET a = 3 WHERE id = 2',
    ]
    if (flavor === 'mariadb') {
      const why = 'binlog_row_image is not FULL'
      await expectPitrError(prepare({ after }), { code: 'Unreplayable', subject: 'binlog.000001:', message: why })
      return
    }
    await using prepared = await prepare({ after })
    await using target = await startServer(flavor)
    await expectRestored(prepared, target)
    expect(await run(target, ['SELECT x FROM shop.part WHERE id = 1'])).toEqual([{ x: 'default' }])
  })

  test('of tables filled with unique and foreign keys unchecked, as by a dump that was loaded', async () => {
    await using prepared = await prepare({ after: UNCHECKED })
    await using target = await startServer(flavor)
    await expectRestored(prepared, target)
    await expect(run(target, ['INSERT INTO shop.parts VALUES (3, 3)'])).rejects.toThrow(/foreign key/)
  })

  test('of statements that update a row more than once, where no key names one row', async () => {
    await using prepared = await prepare({ after: REPEATED })
    await using target = await startServer(flavor)
    await expectRestored(prepared, target)
    expect(await run(target, ['SELECT n, note, CAST(data AS CHAR) AS data FROM shop.again0 ORDER BY id'])).toEqual([
      { n: 3, note: 'odd', data: 'odd' },
      { n: 2, note: 'end', data: 'end' },
    ])
    expect(await eventsToCut(target)).toEqual([])
  })

  test.skipIf(flavor === 'mysql')('of sequences, whose changes do not wait for a commit', async () => {
    const after = [
      'CREATE SEQUENCE shop.numbers CACHE 2',
      'CREATE TABLE shop.numbered (id INT PRIMARY KEY DEFAULT NEXTVAL(shop.numbers), n INT)',
      ...FILLING,
      ...Array.from({ length: 5 }, () => 'INSERT INTO shop.numbered (n) VALUES (3), (4)'),
      'UPDATE shop.numbered SET n = n + 1',
      'SELECT SETVAL(shop.numbers, 100)',
      ...FILLING,
    ]
    await using prepared = await prepare({ after })
    await using target = await startServer(flavor)
    await expectRestored(prepared, target)
    const numbers = 'SELECT next_not_cached_value FROM shop.numbers'
    expect(await run(target, [numbers])).toEqual(await run(prepared.source, [numbers]))
  })

  test.skipIf(flavor === 'mysql')('of tables that keep their history, with many changes in a second', async () => {
    const after = [
      'CREATE TABLE shop.kept (id INT PRIMARY KEY, n INT) WITH SYSTEM VERSIONING',
      'INSERT INTO shop.kept VALUES (1, 0), (2, 0)',
      ...Array.from({ length: 30 }, (_, i) => `UPDATE shop.kept SET n = n + 1 WHERE id = ${1 + (i % 2)}`),
      'DELETE FROM shop.kept WHERE id = 1',
    ]
    await using prepared = await prepare({ after })
    await using target = await startServer(flavor)
    const history = 'SELECT id, n, ROW_START, ROW_END FROM shop.kept FOR SYSTEM_TIME ALL ORDER BY id, ROW_START, n'
    for (const replayer of ['mysqlbinlog', 'direct'] as const) {
      await expectRestored(prepared, target, [replayer])
      expect(await run(target, [history])).toEqual(await run(prepared.source, [history]))
      await makeNew(target)
    }
  })

  test.skipIf(flavor === 'mariadb')('of a history without GTIDs', async () => {
    await using prepared = await prepare({ options: NO_GTIDS })
    await using target = await startServer(flavor, { options: NO_GTIDS })
    expect(await expectRestored(prepared, target)).toMatchObject({ executedGtids: undefined })
  })

  test('on a target with a little history of its own, which stays', async () => {
    await using prepared = await prepare()
    await using target = await startServer(flavor)
    await run(target, ["CREATE USER own@'%' IDENTIFIED BY 'Own-1-secret'"])
    const [own] = await run(target, ['SHOW BINARY LOGS'])
    await expectRestored(prepared, target, ['direct'])
    expect((await run(target, ['SHOW BINARY LOGS']))[0]!['Log_name']).toEqual(own!['Log_name'])
    expect(await run(target, ["SELECT COUNT(*) AS count FROM mysql.user WHERE User = 'own'"])).toEqual([{ count: 1 }])
  })

  test('on a target whose sessions do not commit by themselves, of a log whose sessions did not either', async () => {
    const uncommitted = [
      'SET autocommit = 0',
      "INSERT INTO shop.orders (item) VALUES ('not yet')",
      'COMMIT',
      'CREATE TABLE shop.more (id INT PRIMARY KEY)',
    ]
    await using prepared = await prepare({ after: uncommitted })
    await using target = await startServer(flavor, { options: ['--autocommit=0', '--completion-type=CHAIN'] })
    await expectRestored(prepared, target)
  })

  test.skipIf(flavor === 'mysql')(
    'of a log with ALTER TABLE in two parts, and sessions like those of Oracle',
    async () => {
      const after = [
        'SET SESSION binlog_alter_two_phase = 1',
        'ALTER TABLE shop.orders ADD COLUMN note INT DEFAULT 3, ALGORITHM=COPY',
        "INSERT INTO shop.orders (item, note) VALUES ('altered', 4)",
        'SET SESSION sql_mode = ORACLE',
        'ALTER TABLE shop.orders RENAME TO shop.sold',
        "INSERT INTO shop.sold (item) VALUES ('renamed')",
      ]
      await using prepared = await prepare({ after })
      const { manager } = prepared
      const parts = (await all(manager.transactions({ kind: 'ddl' }))).filter(({ statement }) =>
        statement?.endsWith('COPY'),
      )
      expect(parts).toHaveLength(2)
      for (const part of parts) {
        const skipping = manager.plan({ kind: 'latest' }, { skip: [part] })
        await expectPitrError(skipping, { code: 'Unreplayable', message: 'one of the two parts of an ALTER TABLE' })
      }
      await using target = await startServer(flavor)
      await expectRestored(prepared, target)
    },
  )

  test('a statement of several megabytes', async () => {
    await using prepared = await prepare({
      options: ['--max-allowed-packet=64M'],
      before: [...BEFORE_BACKUP, 'CREATE TABLE shop.large (id INT PRIMARY KEY, data LONGBLOB)'],
      after: [
        "INSERT INTO shop.large VALUES (1, REPEAT('x', 5000000)), (2, REPEAT('\\r\\n', 1000000))",
        'INSERT INTO shop.large SELECT id + 10, data FROM shop.large',
        'UPDATE shop.large SET id = id + 100',
      ],
    })
    await using target = await startServer(flavor, { options: ['--max-allowed-packet=1M'] })
    await expectRestored(prepared, target)
  })
})

test('a backup of some databases: transactions in others are left out, also of the GTIDs', async () => {
  await using prepared = await prepare({
    databases: ['shop'],
    before: [...BEFORE_BACKUP, 'CREATE DATABASE other', 'CREATE TABLE other.t (id INT PRIMARY KEY)'],
    after: [
      'INSERT INTO other.t VALUES (1)',
      "INSERT INTO shop.orders (item) VALUES ('three')",
      'INSERT INTO other.t VALUES (2)',
      'INSERT INTO other.t VALUES (3)',
      "UPDATE shop.orders SET item = 'changed' WHERE id = 1",
      'DROP DATABASE other',
    ],
  })
  await using target = await startServer(flavor)
  expect(prepared.plan.leftOut.transactions).toBe(4)
  expect(await expectRestored(prepared, target)).toMatchObject({ transactions: 2, rows: 2 })
  expect(await run(target, ["SHOW DATABASES LIKE 'other'"])).toEqual([])
})

test('a backup of some databases: statements about accounts belong to no database and are replayed', async () => {
  await using prepared = await prepare({
    databases: ['shop'],
    before: [...BEFORE_BACKUP, 'CREATE DATABASE other', 'CREATE TABLE other.t (id INT PRIMARY KEY)'],
    after: [
      "CREATE USER made@'%' IDENTIFIED BY 'Made-1-secret'",
      "GRANT SELECT, INSERT ON shop.* TO made@'%'",
      'INSERT INTO other.t VALUES (1)',
      "REVOKE INSERT ON shop.* FROM made@'%'",
      "CREATE USER gone@'%' IDENTIFIED BY 'Gone-1-secret'",
      "DROP USER early@'%', gone@'%'",
    ],
  })
  await using target = await startServer(flavor)
  await using server = await connect(target)
  expect(prepared.plan.leftOut.transactions).toBe(1)
  const { manager, plan } = prepared
  // The accounts of the backup are those of every database.
  await run(target, ["CREATE USER early@'%' IDENTIFIED BY 'Early-1-secret'"])
  const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
  expect(report).toMatchObject({ transactions: 5 })

  const accounts = "SELECT User FROM mysql.user WHERE User IN ('made', 'gone', 'early')"
  expect(await run(target, [accounts])).toEqual([{ User: 'made' }])
  const grants = "SHOW GRANTS FOR made@'%'"
  expect(await run(target, [grants])).toEqual(await run(prepared.source, [grants]))
  await (await createConnection({ ...target.connection, user: 'made', password: 'Made-1-secret' })).end()
})

test('a backup of some databases: grants on what a restored server does not have are left out, and named', async () => {
  await using prepared = await prepare({
    databases: ['shop'],
    before: [
      ...BEFORE_BACKUP,
      'CREATE DATABASE other',
      'CREATE TABLE other.t (id INT PRIMARY KEY)',
      'CREATE PROCEDURE other.p() SELECT 1',
      'CREATE TABLE shop.gone (id INT)',
      'CREATE TABLE shop.`odd ``, ) ON x` (`a (``, b` INT, `c` INT, `d` INT)',
      'CREATE PROCEDURE shop.p() SELECT 1',
      "CREATE USER clerk@'%' IDENTIFIED BY 'Clerk-1-secret'",
      "GRANT SELECT ON other.* TO clerk@'%'",
      "GRANT SELECT ON other.t TO clerk@'%'",
      "GRANT EXECUTE ON PROCEDURE other.p TO clerk@'%'",
      "GRANT EXECUTE ON PROCEDURE shop.p TO clerk@'%'",
      "GRANT SELECT, INSERT (id) ON shop.gone TO clerk@'%'",
      "GRANT SELECT (`a (``, b`, c), UPDATE (c), REFERENCES (`d`), DELETE ON shop.`odd ``, ) ON x` TO clerk@'%'",
      'DROP TABLE shop.gone',
      'ALTER TABLE shop.`odd ``, ) ON x` DROP COLUMN c',
      'CREATE TRIGGER shop.early BEFORE INSERT ON shop.orders FOR EACH ROW SET @a = 1',
      'CREATE TRIGGER other.early BEFORE INSERT ON other.t FOR EACH ROW SET @a = 1',
    ],
    after: ["GRANT INSERT ON shop.orders TO clerk@'%'", 'DROP TRIGGER shop.early', 'USE other', 'DROP TRIGGER early'],
  })
  const { manager, plan } = prepared
  const leftOut = plan.image.backup.notIncluded.map((text) => /^the grant on (.*?), wh/.exec(text)?.[1])
  expect(new Set(leftOut)).toEqual(
    new Set(['`c` of `shop`.`odd ``, ) ON x`', '`other`.`p`', '`other`.`t`', '`shop`.`gone`']),
  )
  expect(plan.leftOut.transactions).toBe(1)

  await using target = await startServer(flavor)
  const restorer = { user: 'restorer', password: 'Restorer-1-secret' }
  await run(target, [
    'SET SESSION sql_log_bin = 0',
    `CREATE USER restorer@'%' IDENTIFIED BY '${restorer.password}'`,
    "GRANT ALL ON *.* TO restorer@'%' WITH GRANT OPTION",
  ])
  await using server = await connect(target, restorer)
  await manager.restore(plan, { into: { kind: 'server', server } })
  const restored = { ...target, connection: { ...target.connection, ...restorer } }
  const shown = await run(restored, ["SHOW GRANTS FOR clerk@'%'"])
  const grants = shown.map((row) => /^GRANT (.* ON .*) TO/.exec(String(Object.values(row)[0]))![1]!)
  expect(grants.slice(1).toSorted()).toEqual([
    'EXECUTE ON PROCEDURE `shop`.`p`',
    'INSERT ON `shop`.`orders`',
    'SELECT (`a (``, b`), DELETE, REFERENCES (`d`) ON `shop`.`odd ``, ) ON x`',
    'SELECT ON `other`.*',
  ])
  expect(await run(restored, ["SHOW TRIGGERS FROM shop LIKE 'orders'"])).toEqual([])
})

test('a stop in the middle of the log, to the transaction', async () => {
  await using prepared = await prepare({
    after: [...AFTER_BACKUP.slice(0, 2), 'TRUNCATE TABLE orders', "INSERT INTO orders (item) VALUES ('behind')"],
  })
  const { manager, source } = prepared
  const definitions = await all(manager.transactions({ table: 'shop.orders', kind: 'ddl' }))
  const truncate = definitions.at(-1)!
  expect(truncate.statement).toMatch(/^TRUNCATE/)
  const plan = await manager.plan(truncate.before)
  await using target = await startServer(flavor)
  await using server = await connect(target)
  const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
  expect(await run(target, ['SELECT item FROM shop.orders ORDER BY id'])).toEqual([{ item: 'one' }, { item: 'two' }])
  expect(report).toMatchObject({ transactions: 1 })
  expect(report.firstLeftOut?.start).toEqual(truncate.start)
  expect(await run(source, ['SELECT item FROM shop.orders'])).toEqual([{ item: 'behind' }])
})

/** By each of the replayers; the target is made new between them. */
async function expectRestored(
  { manager, plan, source }: Prepared,
  target: TestServer,
  replayers: readonly ReplayerName[] = ['mysqlbinlog', 'direct'],
): Promise<RestoreReport> {
  const reports: RestoreReport[] = []
  for (const replayer of replayers) {
    if (reports.length > 0) await makeNew(target)
    await using server = await connect(target)
    const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer })
    expect(report.replayer).toBe(replayer)
    expect(await checksums(target, 'shop')).toEqual(await checksums(source, 'shop'))
    reports.push(report)
  }
  const [report, ...others] = reports
  const facts = reports.map(({ executedGtids, transactions, rows }) => ({ executedGtids, transactions, rows }))
  expect(facts).toEqual(facts.map(() => facts[0]))
  expect(others.map(({ lastApplied }) => lastApplied)).toEqual(others.map(() => report!.lastApplied))
  return report!
}

/** Events of a server's own log that a server would apply wrongly as they are: they update a row twice. */
async function eventsToCut(server: TestServer): Promise<readonly number[]> {
  const found: number[] = []
  for (const file of await logFiles(server)) {
    const apart = new UpdatesApart(file.format)
    for await (const { events } of file.transactions()) {
      for (const event of events) {
        const parts: BinlogEvent[] = []
        apart.add(event, parts)
        if (parts.length > 1) found.push(event.offset)
      }
    }
  }
  return found
}

async function makeNew({ connection }: TestServer): Promise<void> {
  const client = await createConnection({ ...connection })
  await wipe(client, flavor, `${connection.host}:${connection.port}`)
  await client.end()
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}
