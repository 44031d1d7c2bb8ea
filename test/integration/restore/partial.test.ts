import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseGtidSet } from '../../../src/index.ts'
import type { FoundTransaction, RestoreOnly, RestorePlan, RestoreReport } from '../../../src/index.ts'
import { collect } from '../../storage/content.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer, wipe } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { contentOf } from './support/content-of.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { run } from './support/query.ts'

const REPLAYERS = ['mysqlbinlog', 'direct'] as const
const ORDERS_AND_LINES: RestoreOnly = { tables: ['shop.orders', 'shop.lines'] }

const NUMBERS =
  '(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i FROM n) AS numbers'

/** What only one of the servers has: it is left out with everything else. */
const OF_FLAVOR = {
  mysql: {
    before: ['CREATE LIBRARY shop.lib LANGUAGE JAVASCRIPT AS $$ export function f(n) { return n } $$'],
    change: [],
  },
  mariadb: {
    before: [
      'CREATE SEQUENCE shop.numbers',
      'CREATE TABLE shop.numbered (id INT DEFAULT NEXTVAL(numbers), v INT)',
      'CREATE PACKAGE shop.pkg FUNCTION a() RETURNS INT; END',
    ],
    change: ['INSERT INTO numbered (v) VALUES (1), (2)'],
  },
}[flavor]

const BEFORE: readonly string[] = [
  'CREATE DATABASE shop',
  'USE shop',
  ...OF_FLAVOR.before,
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(2000), n INT DEFAULT 0)',
  `CREATE TABLE \`lines\` (id INT PRIMARY KEY AUTO_INCREMENT, order_id INT, note VARCHAR(100),
     FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)`,
  'CREATE TABLE audit (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(2000))',
  'CREATE TABLE returns (id INT PRIMARY KEY, line_id INT, FOREIGN KEY (line_id) REFERENCES `lines` (id) ON DELETE CASCADE)',
  'CREATE TABLE stock (n INT, what VARCHAR(100))',
  'CREATE TRIGGER audited AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit (what) VALUES (NEW.item)',
  'CREATE VIEW totals AS SELECT COUNT(*) AS n FROM orders',
  'CREATE PROCEDURE hello() SELECT 1',
  'CREATE EVENT later ON SCHEDULE EVERY 1 YEAR DO DELETE FROM audit',
  "INSERT INTO orders (id, item) VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')",
  "INSERT INTO `lines` (order_id, note) VALUES (1, 'a'), (1, 'b'), (2, 'c'), (3, 'd')",
  'INSERT INTO returns VALUES (1, 3), (2, 4)',
  "INSERT INTO stock VALUES (1, 'x'), (1, 'x'), (2, 'y')",
  'CREATE DATABASE crm',
  'CREATE TABLE crm.people (id INT PRIMARY KEY, name VARCHAR(100))',
  "CREATE USER early@'%' IDENTIFIED BY 'Early-1-secret'",
  "GRANT ALL ON *.* TO early@'%'",
  "CREATE DEFINER=early@'%' VIEW crm.names AS SELECT name FROM crm.people",
  'CREATE FUNCTION crm.one() RETURNS INT DETERMINISTIC RETURN 1',
  "INSERT INTO crm.people VALUES (1, 'Ann'), (2, 'Bob')",
  'CREATE DATABASE other',
  'CREATE TABLE other.t (id INT PRIMARY KEY)',
  'CREATE TABLE other.child (id INT PRIMARY KEY, order_id INT, FOREIGN KEY (order_id) REFERENCES shop.orders (id))',
]

/** Row changes on all sides, in one transaction or one statement. */
const CHANGES: readonly string[] = [
  'START TRANSACTION',
  "INSERT INTO crm.people VALUES (10, 'Cid')",
  "INSERT INTO orders (id, item) VALUES (10, 'ten'), (11, 'eleven')",
  "INSERT INTO audit (what) VALUES ('in between')",
  "INSERT INTO `lines` (order_id, note) VALUES (10, 'e'), (11, 'f')",
  'INSERT INTO returns VALUES (10, 5)',
  'UPDATE stock SET n = n + 1',
  'INSERT INTO other.t VALUES (10)',
  ...OF_FLAVOR.change,
  'COMMIT',
  // The chosen table first, and last, in what one statement changes; rows of a trigger come in between.
  'UPDATE orders o JOIN audit a ON a.what = o.item SET o.n = o.n + 1, a.what = CONCAT(a.what, "!")',
  'UPDATE audit a JOIN crm.people p ON p.id < a.id JOIN `lines` l ON l.id = a.id SET a.what = "joined", l.note = "joined", p.name = "joined"',
  `INSERT INTO orders (id, item) SELECT i + 100, RPAD(HEX(i * 7919), 200, 'x') FROM ${NUMBERS}`,
  `INSERT INTO \`lines\` (order_id, note) SELECT i + 100, HEX(i) FROM ${NUMBERS}`,
  'DELETE a, l FROM audit a JOIN `lines` l ON l.id = a.id WHERE a.id > 50 AND a.id < 90',
  'DELETE FROM orders WHERE id = 2 OR id BETWEEN 150 AND 180',
  "REPLACE INTO stock VALUES (7, 'x'), (7, 'x')",
  'DELETE FROM stock WHERE n = 2 LIMIT 1',
]

const COMPRESSED = {
  mysql: ['SET SESSION binlog_transaction_compression = ON'],
  mariadb: [],
}[flavor]
const UNCOMPRESSED = { mysql: ['SET SESSION binlog_transaction_compression = OFF'], mariadb: [] }[flavor]
const DETACH = { mysql: [], mariadb: ['SET SESSION pseudo_slave_mode = ON'] }[flavor]

/** The same again for other rows. */
const AGAIN = CHANGES.map((sql) =>
  sql
    .replaceAll('(10', '(20')
    .replaceAll('(11', '(21')
    .replaceAll('10)', '20)')
    .replaceAll('i + 100', 'i + 500')
    .replace('returns VALUES (20, 5)', 'returns VALUES (20, 6)')
    .replace('id = 2 OR id BETWEEN 150 AND 180', 'id = 3 OR id BETWEEN 550 AND 580'),
)

const AFTER: readonly string[] = [
  'USE shop',
  ...UNCOMPRESSED,
  ...CHANGES,
  // Definitions on every side.
  'ALTER TABLE orders ADD COLUMN paid INT NOT NULL DEFAULT 0',
  'ALTER TABLE audit ADD COLUMN at INT',
  'CREATE TABLE scratch LIKE audit',
  'RENAME TABLE scratch TO scratched',
  'CREATE TABLE copied AS SELECT * FROM stock',
  'DROP TABLE scratched, copied',
  'DROP TRIGGER IF EXISTS audited',
  'CREATE TRIGGER counted BEFORE UPDATE ON orders FOR EACH ROW SET NEW.n = NEW.n + 1',
  // Whose definers are not restored.
  "CREATE USER owner@'%' IDENTIFIED BY 'Owner-1-secret'",
  "GRANT ALL ON *.* TO owner@'%'",
  "CREATE DEFINER=owner@'%' TRIGGER owned BEFORE DELETE ON orders FOR EACH ROW SET @a = 1",
  'CREATE TRIGGER on_audit BEFORE INSERT ON audit FOR EACH ROW SET NEW.at = 1',
  'CREATE VIEW orders_of_people AS SELECT * FROM orders JOIN crm.people USING (id)',
  'CREATE PROCEDURE bye() SELECT 2',
  'DROP PROCEDURE hello',
  'ALTER DATABASE shop CHARACTER SET latin1',
  'USE crm',
  'CREATE TABLE crm.notes (id INT PRIMARY KEY, t TEXT)',
  'DROP VIEW crm.names',
  "CREATE DEFINER=owner@'%' SQL SECURITY INVOKER VIEW crm.owned AS SELECT id FROM crm.people",
  'CREATE VIEW crm.all_names AS SELECT name FROM crm.people',
  'USE shop',
  "CREATE USER clerk@'%' IDENTIFIED BY 'Clerk-1-secret'",
  "GRANT SELECT ON shop.audit TO clerk@'%'",
  'DROP DATABASE other',
  'CREATE DATABASE other',
  'USE other',
  'CREATE TABLE t (id INT PRIMARY KEY)',
  'USE shop',
  'FLUSH BINARY LOGS',
  ...COMPRESSED,
  ...AGAIN,
  "INSERT INTO crm.notes VALUES (1, 'only here')",
  'UPDATE orders SET paid = 1, n = 0 WHERE id < 300',
  ...DETACH,
  "XA START 'in'",
  "INSERT INTO orders (id, item) VALUES (900, 'by XA')",
  "XA END 'in'",
  "XA PREPARE 'in'",
  "XA START 'out'",
  "INSERT INTO audit (what) VALUES ('by XA')",
  "XA END 'out'",
  "XA PREPARE 'out'",
  "XA COMMIT 'in'",
  "XA COMMIT 'out'",
  "INSERT INTO audit (what) VALUES ('the last one')",
]

let prepared: Prepared
let target: TestServer
/** By table of the source. */
let content: Readonly<Record<string, string>>

beforeAll(async () => {
  const options = flavor === 'mariadb' ? ['--log-bin-compress=ON', '--log-bin-compress-min-len=10'] : []
  ;[prepared, target] = await Promise.all([prepare({ options, before: BEFORE, after: AFTER }), startServer(flavor)])
  content = await contentOf(prepared.source, ['shop', 'crm', 'other'])
})
afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
  await prepared?.[Symbol.asyncDispose]()
})
beforeEach(async () => await makeNew())

describe.each(REPLAYERS)(
  'a restore by %s holds what was chosen as the source has it, and nothing else:',
  (replayer) => {
    test.each<{ only: RestoreOnly; objects: readonly string[]; triggers: readonly string[] }>([
      {
        only: ORDERS_AND_LINES,
        objects: ['SCHEMA shop', 'TABLE shop.lines', 'TABLE shop.orders'],
        triggers: ['counted', 'owned'],
      },
      {
        only: { tables: ['shop.stock'] },
        objects: ['SCHEMA shop', 'TABLE shop.stock'],
        triggers: [],
      },
      {
        only: { databases: ['crm'] },
        objects: [
          'FUNCTION crm.one',
          'SCHEMA crm',
          'TABLE crm.notes',
          'TABLE crm.people',
          'VIEW crm.all_names',
          'VIEW crm.owned',
        ],
        triggers: [],
      },
      {
        only: { databases: ['crm'], tables: ['other.t', 'shop.audit', 'shop.stock'] },
        objects: [
          'FUNCTION crm.one',
          'SCHEMA crm',
          'SCHEMA other',
          'SCHEMA shop',
          'TABLE crm.notes',
          'TABLE crm.people',
          'TABLE other.t',
          'TABLE shop.audit',
          'TABLE shop.stock',
          'VIEW crm.all_names',
          'VIEW crm.owned',
        ],
        triggers: ['on_audit'],
      },
    ])('$only', async ({ only, objects, triggers }) => {
      const plan = await prepared.manager.plan({ kind: 'latest' }, { only })
      const report = await restore(plan, replayer)
      expect(await objectsOn(target)).toEqual(objects)
      expect((await run(target, ['SHOW TRIGGERS IN shop']).catch(() => [])).map((row) => row['Trigger'])).toEqual(
        triggers,
      )
      const restored = await contentOf(target, ['shop', 'crm', 'other'])
      const wanted = Object.entries(content).filter(
        ([name]) => only.databases?.includes(name.split('.')[0]!) || only.tables?.includes(name),
      )
      expect(restored).toEqual(Object.fromEntries(wanted))
      expect(await accounts()).toEqual([])
      expect(report).toMatchObject({ ...plan.replayed, isolation: 'lifted' })
      await expectGtids(report, only)
    })
  },
)

test('the log of these tests holds row changes in compressed form, on MySQL also in the plain one', async () => {
  const files = await run(prepared.source, ['SHOW BINARY LOGS'])
  const types = new Set<unknown>()
  for (const { Log_name: file } of files) {
    for (const event of await run(prepared.source, [`SHOW BINLOG EVENTS IN '${file}'`])) types.add(event['Event_type'])
  }
  const compressed = {
    mysql: ['Transaction_payload', 'Write_rows', 'Update_rows'],
    mariadb: ['Write_rows_compressed_v1', 'Update_rows_compressed_v1'],
  }[flavor]
  expect([...types]).toEqual(expect.arrayContaining(compressed))
})

test('a plan says what is restored, what is not, and counts both', async () => {
  const { manager } = prepared
  const whole = await manager.plan({ kind: 'latest' })
  const plan = await manager.plan({ kind: 'latest' }, { only: ORDERS_AND_LINES })
  expect(plan.only).toEqual({ tables: ['shop.lines', 'shop.orders'] })
  expect(plan.counts).toEqual(whole.counts)
  const found = await collect(manager.transactions())
  const inRange = found.slice(-whole.counts.transactions)
  const rowsOf = (names: readonly string[]) =>
    inRange
      .flatMap(({ changes }) => changes)
      .filter(({ database, table }) => names.includes(`${database}.${table}`))
      .reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0)
  expect(plan.replayed.rows).toBe(rowsOf(['shop.orders', 'shop.lines']))
  expect(plan.leftOut.rows).toBe(whole.counts.rows - plan.replayed.rows)
  expect(plan.toText()).toMatch(/^Only +the tables shop\.lines, shop\.orders$/m)
  expect(plan.warnings).toEqual([
    'Nothing but the tables shop.lines, shop.orders is restored: no accounts, for one.',
    'Of a database of which only tables are chosen, neither views nor routines nor events are restored.',
    'Transactions that touch nothing of that are left out.',
    'Of transactions that also changed rows of other tables, those rows are left out.',
  ])
  const again = await manager.plan({ kind: 'latest' }, { only: { tables: ['shop.orders', 'shop.lines'] } })
  expect(again.hash).toBe(plan.hash)
  expect(plan.hash).not.toBe(whole.hash)
})

test('a transaction of which a part would be replayed can be skipped', async () => {
  const { manager } = prepared
  const inserts = await collect(manager.transactions({ table: 'shop.stock', kind: 'row' }))
  const bad = inserts.findLast(({ changes }) =>
    changes.some(({ table, inserted }) => table === 'people' && inserted > 0),
  )!
  const plan = await manager.plan({ kind: 'latest' }, { only: { tables: ['shop.stock'] }, skip: [bad] })
  expect(plan.skipped?.transactions).toMatchObject([{ changes: [{ table: 'stock', updated: 4 }], rows: 4 }])
  const report = await restore(plan, 'direct')
  expect(report).toMatchObject(plan.replayed)
})

describe('is refused:', () => {
  test.each<[string, RestoreOnly, string, string | RegExp, RegExp]>([
    [
      'a child without its parent',
      { tables: ['shop.lines'] },
      'LoadFailed',
      'shop.lines',
      /foreign key \S+ of shop\.lines refers to shop\.orders/,
    ],
    ['a view', { tables: ['shop.totals'] }, 'LoadFailed', 'shop.totals', /is a view/],
    [
      'a table nobody has',
      { tables: ['shop.order', 'shop.stock'] },
      'ProofFailed',
      'shop.order',
      /not on the restored target: shop\.order/,
    ],
    ['a database nobody has', { databases: ['crn'] }, 'ProofFailed', 'crn', /not on the restored target: crn/],
  ])('%s', async (_, only, code, subject, message) => {
    const plan = await prepared.manager.plan({ kind: 'latest' }, { only })
    const error = await expectPitrError(restore(plan, 'direct'), { code: code as 'LoadFailed', subject, message })
    expect(error.details['target']).toBe('marked and isolated')
  })

  test('all that would have to be chosen as well is named', async () => {
    const plan = await prepared.manager.plan({ kind: 'latest' }, { only: { tables: ['shop.returns'] } })
    const error = await expectPitrError(restore(plan, 'direct'), { code: 'LoadFailed', subject: 'shop.returns' })
    expect(error.hint).toMatch(/^Choose shop\.lines, shop\.orders as well\./)
  })

  test('accounts with it', async () => {
    const plan = await prepared.manager.plan({ kind: 'latest' }, { only: ORDERS_AND_LINES })
    await using server = await connect(target)
    await expectPitrError(prepared.manager.restore(plan, { into: { kind: 'server', server }, accounts: 'all' }), {
      code: 'InvalidArgument',
      subject: 'accounts',
    })
  })

  test('what stands in the log and cannot be told apart, each with its place', async () => {
    const obstacles = [
      ['RENAME TABLE lines TO items', /is not row changes alone/],
      ['RENAME TABLE items TO lines', /is not row changes alone/],
      ['ALTER TABLE scrap RENAME TO orders2', undefined],
      ['CREATE TABLE copied LIKE scrap0', undefined],
      ['DROP TABLE copied, orders', /is not row changes alone/],
      ['CREATE TABLE orders LIKE orders2', /needs shop\.orders2/],
      ['ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES orders2 (id)', /needs shop\.orders2/],
      ['CREATE TRIGGER x BEFORE INSERT ON orders FOR EACH ROW SET @a = 1', undefined],
      ['DROP TRIGGER x', /maybe a trigger of a restored table/],
      ['CREATE DATABASE other', undefined],
      ['USE other', undefined],
      ['ALTER TABLE shop.orders ADD COLUMN a INT', /executed in the database other/],
      ['USE shop', undefined],
      ['SET SESSION binlog_format = STATEMENT', undefined],
      ['INSERT INTO orders2 VALUES (1)', /not known which tables/],
      ['SET SESSION binlog_format = ROW', undefined],
      ["XA START 'x'", undefined],
      ['INSERT INTO orders2 VALUES (2)', undefined],
      ['INSERT INTO orders (id) VALUES (2)', undefined],
      ["XA END 'x'", undefined],
      ["XA PREPARE 'x'", /is not row changes alone: a part of an XA/],
      ["XA COMMIT 'x'", /is not row changes alone: a part of an XA/],
    ] as const
    await using own = await prepare({
      before: [
        'CREATE DATABASE shop',
        'USE shop',
        'CREATE TABLE orders (id INT PRIMARY KEY)',
        'CREATE TABLE `lines` (id INT PRIMARY KEY)',
        'CREATE TABLE scrap (id INT PRIMARY KEY)',
        'CREATE TABLE scrap0 (id INT PRIMARY KEY)',
      ],
      after: ['USE shop', ...obstacles.map(([sql]) => sql.replace(/\blines\b/, '`lines`'))],
    })
    const error = await expectPitrError(own.manager.plan({ kind: 'latest' }, { only: ORDERS_AND_LINES }), {
      code: 'Unreplayable',
    })
    const reasons = (error.details['obstacles'] as { reason: string }[]).map(({ reason }) => reason)
    const wanted = obstacles.flatMap(([, reason]) => reason ?? [])
    expect(reasons).toHaveLength(wanted.length)
    for (const [i, reason] of wanted.entries()) expect(reasons[i]).toMatch(reason)
  })
})

/** Every database, table, view and routine that is not the server's own. */
async function objectsOn(server: TestServer): Promise<readonly string[]> {
  const own = "('mysql', 'sys', 'information_schema', 'performance_schema')"
  const rows = await run(server, [
    `SELECT CONCAT('SCHEMA ', SCHEMA_NAME) AS what FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ${own}
      UNION ALL SELECT CONCAT(IF(TABLE_TYPE = 'VIEW', 'VIEW ', 'TABLE '), TABLE_SCHEMA, '.', TABLE_NAME)
                  FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ${own}
      UNION ALL SELECT CONCAT(ROUTINE_TYPE, ' ', ROUTINE_SCHEMA, '.', ROUTINE_NAME)
                  FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN ${own}
      UNION ALL SELECT CONCAT('EVENT ', EVENT_SCHEMA, '.', EVENT_NAME) FROM information_schema.EVENTS`,
  ])
  return rows.map(({ what }) => String(what)).toSorted()
}

async function accounts(): Promise<readonly unknown[]> {
  return await run(target, ["SELECT User FROM mysql.user WHERE User IN ('clerk', 'owner', 'early')"])
}

/** What touched something chosen counts as executed; on MySQL nothing else does. */
async function expectGtids({ executedGtids }: RestoreReport, only: RestoreOnly): Promise<void> {
  const { manager, plan } = prepared
  const executed = parseGtidSet(flavor, executedGtids!)
  const all = await collect(manager.transactions())
  const found = all.slice(-plan.counts.transactions)
  const isChosen = ({ kind, changes }: FoundTransaction): boolean =>
    kind === 'row' &&
    changes.some(
      ({ database, table }) => only.databases?.includes(database) || only.tables?.includes(`${database}.${table}`),
    )
  const chosen = found.filter(isChosen)
  expect(chosen.length).toBeGreaterThan(3)
  for (const { gtid } of chosen) expect([gtid, executed.includes(gtid!)]).toEqual([gtid, true])
  if (flavor === 'mariadb') return
  for (const each of found.filter((one) => one.kind === 'row' && !isChosen(one))) {
    expect([each.gtid, executed.includes(each.gtid!)]).toEqual([each.gtid, false])
  }
}

async function restore(plan: RestorePlan, replayer: (typeof REPLAYERS)[number]): Promise<RestoreReport> {
  await using server = await connect(target)
  return await prepared.manager.restore(plan, { into: { kind: 'server', server }, replayer })
}

async function makeNew(): Promise<void> {
  const { connection } = target
  const client = await createConnection({ ...connection })
  await wipe(client, flavor, `${connection.host}:${connection.port}`)
  await client.end()
}
