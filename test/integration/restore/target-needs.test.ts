import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import type { WantedError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

// The source substitutes nothing, or does it as silently as a target would.
const LENIENT = "SET SESSION sql_mode = ''"

describe('a target that lacks a storage engine', () => {
  test.skipIf(flavor === 'mariadb')('of the backup is refused, and nothing was written', async () => {
    const before = ['CREATE DATABASE shop', 'CREATE TABLE shop.past (id INT) ENGINE=ARCHIVE']
    await using prepared = await prepare({ before, after: [], consistency: 'lock' })
    expect(prepared.plan.image.backup.needs.engines).toEqual(['ARCHIVE'])
    for (const options of [['--archive=OFF'], ['--disabled-storage-engines=archive,FEDERATED']]) {
      await expectRefused(prepared, { options }, { code: 'TargetIncompatible', subject: 'ARCHIVE' })
    }
  })

  test('of a statement in the log is refused, although its sql_mode would let the target take another one', async () => {
    // Neither flavor has this one as it is started here: the source took another one, and nobody knows why a target would.
    const after = [LENIENT, 'CREATE TABLE shop.far (id INT) ENGINE=FEDERATED']
    await using prepared = await prepare({ before: ['CREATE DATABASE shop'], after })
    await expectRefused(prepared, {}, { code: 'TargetIncompatible', subject: 'FEDERATED' })
  })

  test('of a statement that is left out is not refused', async () => {
    const before = ['CREATE DATABASE shop', 'CREATE DATABASE other']
    const after = [LENIENT, 'CREATE TABLE other.far (id INT) ENGINE=FEDERATED']
    await using prepared = await prepare({ before, after, databases: ['shop'] })
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const { manager, plan } = prepared
    const report = await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
    expect([report.transactions, plan.leftOut.transactions]).toEqual([0, 1])
  })
})

describe('settings that no log holds', () => {
  const SETTINGS = { mysql: ['--innodb-default-row-format=compact'], mariadb: ['--old-mode='] }[flavor]
  let prepared: Prepared
  beforeAll(async () => {
    prepared = await prepare({
      options: ['--default-storage-engine=MyISAM', '--innodb-strict-mode=OFF', ...SETTINGS],
      before: ['CREATE DATABASE shop', 'CREATE TABLE shop.a (id INT PRIMARY KEY, at TIMESTAMP NOT NULL) ENGINE=InnoDB'],
      after: [
        'CREATE TABLE shop.b (id INT PRIMARY KEY)',
        'INSERT INTO shop.b VALUES (1)',
        // Refused by a strict InnoDB.
        'CREATE TABLE shop.c (id INT PRIMARY KEY) ENGINE=InnoDB ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=8',
        'CREATE TABLE shop.d (name VARCHAR(10) CHARACTER SET utf8) ENGINE=InnoDB',
        // That it is ON is in every log, but the dump does not say it.
        'CREATE TABLE shop.e (at TIMESTAMP NOT NULL) ENGINE=InnoDB',
      ],
    })
  })
  afterAll(async () => prepared?.[Symbol.asyncDispose]())

  test('are those of the source while a target is restored, and its own again behind that', async () => {
    await using target = await startServer(flavor, { options: ['--explicit-defaults-for-timestamp=OFF'] })
    const own = await settings(target)
    await using server = await connect(target)
    const { manager, plan, source } = prepared
    await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
    expect(await definitions(target)).toEqual(await definitions(source))
    expect(await settings(target)).toEqual(own)
    expect(await settings(source)).not.toEqual(own)
  })
})

describe('the time zone of the system', () => {
  const OLYMPUS = [
    'INSERT INTO mysql.time_zone (Time_zone_id) VALUES (1)',
    "INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 3600, 0, 'MTC')",
    "INSERT INTO mysql.time_zone_name VALUES ('Mars/Olympus', 1)",
  ]
  const IN_SYSTEM_ZONE = {
    'an event of the backup': {
      before: [
        'CREATE DATABASE shop',
        "CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 02:00:00' DO SET @a = 1",
      ],
      after: [],
    },
    'a statement of the log': {
      before: ['CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY, at TIMESTAMP NULL)'],
      after: ["INSERT INTO shop.t VALUES (1, '2026-01-01 12:00:00')", 'ALTER TABLE shop.t MODIFY at DATETIME'],
    },
    'a column that a statement of the log has computed': {
      before: ['CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY, at TIMESTAMP NULL)'],
      after: ['ALTER TABLE shop.t ADD day DATE AS (DATE(at)) STORED'],
    },
  }

  test.each(Object.entries(IN_SYSTEM_ZONE))('of another target is refused when %s depends on it', async (_, what) => {
    await using prepared = await prepare(what)
    await expectRefused(prepared, { timeZone: 'JST-9' }, { code: 'TargetIncompatible', subject: 'system_time_zone' })
  })

  test('does not matter when nothing depends on it', async () => {
    const before = ['CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY, at TIMESTAMP NULL)']
    const after = ["INSERT INTO shop.t VALUES (1, '2026-01-01 12:00:00')"]
    await using prepared = await prepare({ before, after })
    await using target = await startServer(flavor, { timeZone: 'JST-9' })
    await using server = await connect(target)
    await prepared.manager.restore(prepared.plan, { into: { kind: 'server', server }, accounts: 'none' })
    const seconds = 'SELECT UNIX_TIMESTAMP(at) AS at FROM shop.t'
    expect(await run(target, [seconds])).toEqual(await run(prepared.source, [seconds]))
  })

  test('a zone by name that the target does not know is refused', async () => {
    const before = ['SET SESSION sql_log_bin = 0', ...OLYMPUS, 'SET SESSION sql_log_bin = 1', 'CREATE DATABASE shop']
    const statement = 'CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DO SET @a = 1'
    await using prepared = await prepare({ before, after: ["SET SESSION time_zone = 'Mars/Olympus'", statement] })
    await expectRefused(prepared, {}, { code: 'TargetIncompatible', subject: 'Mars/Olympus' })
  })

  // MariaDB logs none with rows.
  test.skipIf(flavor === 'mariadb')('a zone by name that only rows were written in must be known, too', async () => {
    const before = [
      'SET SESSION sql_log_bin = 0',
      ...OLYMPUS,
      'SET SESSION sql_log_bin = 1',
      'CREATE DATABASE shop',
      'CREATE TABLE shop.t (id INT PRIMARY KEY, at TIMESTAMP NULL)',
    ]
    const rows = "INSERT INTO shop.t VALUES (1, '2026-01-01 12:00:00')"
    await using prepared = await prepare({
      options: ['--binlog-transaction-compression=ON'],
      before,
      after: ["SET SESSION time_zone = 'Mars/Olympus'", rows],
    })
    await expectRefused(prepared, {}, { code: 'TargetIncompatible', subject: 'Mars/Olympus' })
  })
})

async function expectRefused(
  { manager, plan }: Prepared,
  options: Parameters<typeof startServer>[1],
  wanted: WantedError,
): Promise<void> {
  await using target = await startServer(flavor, options)
  await using server = await connect(target)
  const state = await targetState(target)
  await expectPitrError(manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' }), wanted)
  expect(await targetState(target)).toEqual(state)
}

async function definitions(server: Parameters<typeof run>[0]): Promise<unknown> {
  return await run(server, [
    `SELECT t.TABLE_NAME, ENGINE, ROW_FORMAT, CREATE_OPTIONS, TABLE_COLLATION, COLUMN_NAME, CHARACTER_SET_NAME,
            COLUMN_DEFAULT, EXTRA
       FROM information_schema.TABLES t JOIN information_schema.COLUMNS c USING (TABLE_SCHEMA, TABLE_NAME)
      WHERE TABLE_SCHEMA = 'shop' ORDER BY 1, COLUMN_NAME`,
  ])
}

async function settings(server: Parameters<typeof run>[0]): Promise<unknown> {
  const names = ['default_storage_engine', 'innodb_strict_mode', 'innodb_default_row_format', 'old_mode']
  return await run(server, [`SHOW GLOBAL VARIABLES WHERE Variable_name IN ('${names.join("','")}')`])
}
