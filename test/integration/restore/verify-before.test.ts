import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import type { BackupMethod, RestoreOptions, RestoreReport } from '../../../src/index.ts'
import { collect } from '../../storage/content.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'

let prepared: Prepared
let target: TestServer
beforeAll(async () => {
  ;[prepared, target] = await Promise.all([
    prepare({ options: NATIVE_FOREIGN_KEYS[flavor], before: BEFORE, after: AFTER }),
    startServer(flavor),
  ])
})
afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
  await prepared?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await run(target, [
    'SET SESSION foreign_key_checks = 0',
    'DROP DATABASE IF EXISTS shop',
    ...{
      mysql: ['RESET BINARY LOGS AND GTIDS'],
      mariadb: ['RESET MASTER', "SET GLOBAL gtid_slave_pos = ''"],
    }[flavor],
  ])
})

test('rows that are what the log says are compared, changed, and counted', async () => {
  const report = await restore({ verifyBefore: true })
  expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
  expect(report.rowsCompared).toBeGreaterThan(40)
  expect(report.toText()).toContain(`compared        ${report.rowsCompared} rows, before they were changed`)
  expect(report.warnings.filter((warning) => warning.includes('compared'))).toEqual(NOT_COMPARED[flavor])
  expect(await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])).toEqual([])

  await run(target, ['DROP DATABASE shop', ...FORGET[flavor]])
  expect((await restore({})).rowsCompared).toBeUndefined()
})

test('a row that is another one is replayed over without a word, and refused when it is compared', async () => {
  const drifting = loading("UPDATE shop.orders SET item = 'Guarded-1', total = 7 WHERE id = 2")
  const error = await expectPitrError(restore({ verifyBefore: true, methods: [drifting] }), {
    code: 'ReplayFailed',
    message: 'the row of shop.orders with the key (id=2) is not what the log says it was: it differs in item, total',
    secrets: ['Guarded-1'],
  })
  const changes = await collect(prepared.manager.transactions({ table: 'shop.orders' }))
  const first = changes.find(({ changes }) => changes.some(({ updated }) => updated > 0))!
  expect(error.message).toContain(`in the transaction ${first.gtid} at ${first.start.file}:${first.start.offset}, `)
  expect(error.details).toMatchObject({
    table: 'shop.orders',
    isMissing: false,
    columns: ['item', 'total'],
    key: [{ column: 'id', value: '2' }],
    gtid: first.gtid,
    event: { file: first.start.file },
  })

  // The target is marked; nobody goes on there. What a killed run left of its comparisons goes with the mark.
  await run(target, ['SET SESSION sql_log_bin = 0', 'CREATE TABLE mysql_pitr.compared_7 (id INT)'])
  const unaware = await restore({ methods: [drifting] })
  expect(unaware.resumedAt).toBeUndefined()
  expect(await run(target, ["SHOW DATABASES LIKE 'mysql\\_pitr'"])).toEqual([])
  // The rows of the log hold all columns: what it changes is as it was on the source again, and nobody knows why.
  expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
})

test('the target has a row less, or a column more', async () => {
  const missing = await expectPitrError(
    restore({ verifyBefore: true, methods: [loading('DELETE FROM shop.orders WHERE id = 3')] }),
    { code: 'ReplayFailed', message: 'the target has no row of shop.orders with the key (id=3)' },
  )
  expect(missing.details).toMatchObject({ isMissing: true })
  await expectPitrError(
    restore({ verifyBefore: true, methods: [loading('ALTER TABLE shop.orders ADD COLUMN more INT')] }),
    { code: 'ReplayFailed', message: 'shop.orders has 4 columns on the target and 3 in the log' },
  )
  await restore({ verifyBefore: true })
})

test('rows without a key the server itself looks for by all they hold', async () => {
  const drifting = loading("UPDATE shop.keyless SET b = 'drifted' WHERE a = 2")
  await expectPitrError(restore({ methods: [drifting] }), { code: 'ReplayFailed', message: 'ERROR 1032' })
  await restore({ verifyBefore: true })
})

test('only the direct replayer compares rows', async () => {
  await expectPitrError(restore({ verifyBefore: true, replayer: 'mysqlbinlog' }), {
    code: 'InvalidArgument',
    subject: 'verifyBefore',
  })
})

async function restore(options: Partial<RestoreOptions>): Promise<RestoreReport> {
  await using server = await connect(target)
  return await prepared.manager.restore(prepared.plan, {
    into: { kind: 'server', server },
    accounts: 'none',
    replayer: 'direct',
    ...options,
  })
}

/** Loads the dump, and does something else to the target that is in no log. */
function loading(statement: string): BackupMethod {
  const method = mysqldump()
  return {
    ...method,
    load: async (context) => {
      await method.load(context)
      await run(target, ['SET SESSION sql_log_bin = 0', statement])
    },
  }
}

const FORGET = {
  mysql: ['RESET BINARY LOGS AND GTIDS'],
  mariadb: ['RESET MASTER', "SET GLOBAL gtid_slave_pos = ''"],
}

/** MySQL logs what other foreign keys change. */
const NATIVE_FOREIGN_KEYS = { mysql: ['--innodb-native-foreign-keys=ON'], mariadb: [] }

const BEFORE = [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(100), total DOUBLE)',
  "INSERT INTO orders (item, total) VALUES ('one', 1.5), ('two', 2.5), ('three', 3.5)",
  'CREATE TABLE keyless (a INT, b VARCHAR(20))',
  "INSERT INTO keyless VALUES (1, 'a'), (2, 'b'), (2, 'b')",
  'CREATE TABLE words (id INT PRIMARY KEY, word TEXT NOT NULL, v INT)',
  "INSERT INTO words VALUES (1, 'a', 0)",
  'CREATE TABLE pairs (a INT DEFAULT 1, b INT, v INT, PRIMARY KEY (a, b))',
  'INSERT INTO pairs VALUES (1, 1, 0)',
  'CREATE TABLE large (id INT PRIMARY KEY, data LONGBLOB)',
  'CREATE TABLE parent (id INT PRIMARY KEY, v INT)',
  `CREATE TABLE child (id INT PRIMARY KEY, parent INT NULL, v INT,
     FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE)`,
  `CREATE TABLE grandchild (parent INT, n INT, v INT, PRIMARY KEY (parent, n),
     FOREIGN KEY (parent) REFERENCES child (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
  'INSERT INTO parent VALUES (1, 0), (2, 0), (3, 0)',
  'INSERT INTO child VALUES (1, 1, 0), (2, 1, 0), (3, 2, 0), (4, 3, 0)',
  'INSERT INTO grandchild VALUES (1, 1, 0), (2, 1, 0), (2, 2, 0), (3, 1, 0)',
  `CREATE TABLE tree (id INT PRIMARY KEY, parent INT NULL, v INT,
     FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE SET NULL)`,
  'INSERT INTO tree VALUES (1, NULL, 0), (2, 1, 0), (3, 1, 0), (4, 2, 0), (5, 4, 0)',
]

/** Everything that makes a row another one than it was before the batch. */
const AFTER = [
  'USE shop',
  // A run of rows that is short enough to go along with the text behind it.
  "UPDATE orders SET item = CONCAT(item, '!')",
  'CREATE TABLE made (id INT PRIMARY KEY, v INT)',
  'INSERT INTO made VALUES (1, 1), (2, 2)',
  'UPDATE made SET v = v + 1',
  'UPDATE made SET id = id + 1 ORDER BY id DESC',
  'DELETE FROM made WHERE id = 2',
  'INSERT INTO made VALUES (2, 7)',
  'REPLACE INTO made VALUES (2, 8), (2, 9)',
  'UPDATE made SET v = 0',
  "DELETE FROM keyless WHERE a = 2 AND b = 'b' LIMIT 1",
  "UPDATE keyless SET b = 'c'",
  // Foreign keys change rows of which the log says nothing.
  'BEGIN',
  'UPDATE parent SET id = 10 WHERE id = 1',
  'UPDATE child SET v = 1',
  'UPDATE child SET id = id + 20',
  'UPDATE grandchild SET v = 1',
  'DELETE FROM parent WHERE id = 2',
  'UPDATE child SET v = 2',
  'DELETE FROM child WHERE id = 22',
  'UPDATE grandchild SET v = 2',
  'COMMIT',
  'UPDATE tree SET v = 1',
  'DELETE FROM tree WHERE id IN (1, 2, 4)',
  'UPDATE tree SET v = 2',
  // In pieces: the rows of a later one are not committed when they are compared.
  'BEGIN',
  "INSERT INTO large VALUES (1, REPEAT('a', 3000000)), (2, REPEAT('b', 3000000)), (3, REPEAT('c', 3000000))",
  "UPDATE large SET data = CONCAT(data, 'd')",
  "UPDATE large SET data = 'e'",
  'COMMIT',
  'ALTER TABLE orders ADD COLUMN note VARCHAR(20) FIRST',
  "UPDATE orders SET note = 'x'",
  'SET SESSION binlog_format = STATEMENT',
  "UPDATE orders SET note = 'y'",
  'SET SESSION binlog_format = ROW',
  "UPDATE orders SET note = 'z'",
  ...{
    mysql: [
      // What is known already needs no more columns.
      'FLUSH BINARY LOGS',
      'SET SESSION binlog_row_image = MINIMAL',
      "UPDATE orders SET note = 'm'",
      // Rows without all of their key, and without what has no default.
      'INSERT INTO pairs (b, v) VALUES (2, 0)',
      'UPDATE pairs SET v = 1 WHERE b = 2',
      'SET SESSION binlog_row_image = NOBLOB',
      'UPDATE words SET v = 1',
    ],
    mariadb: ['SET GLOBAL log_bin_compress = 1', "UPDATE orders SET item = REPEAT('x', 90)"],
  }[flavor],
]

const NOT_COMPARED = {
  mysql: [
    'not compared before it was changed: ' +
      'shop.tree.parent (a foreign key of the table to itself may change it), ' +
      ['orders.note', 'orders.item', 'orders.total', 'pairs.v', 'words.word']
        .map((column) => `shop.${column} (the log does not hold it)`)
        .join(', '),
  ],
  mariadb: [
    'not compared before it was changed: shop.tree.parent (a foreign key of the table to itself may change it)',
  ],
}
