import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RestoreOptions } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

const OF_FLAVOR = {
  mysql: {
    column: ', month VARCHAR(20) AS (MONTHNAME(on_day)) STORED',
    tables: ['CREATE TABLE shop.days (id INT PRIMARY KEY, at TIMESTAMP NULL, KEY by_day ((DATE(at))))'],
    look: ["SELECT id FROM shop.days WHERE DATE(at) = '2026-03-01' ORDER BY id"],
  },
  mariadb: {
    column: ', second BIGINT AS (UNIX_TIMESTAMP(booked)) STORED',
    tables: [
      'CREATE TABLE shop.days (id INT PRIMARY KEY, at TIMESTAMP NULL, day DATE AS (DATE(at)) STORED) WITH SYSTEM VERSIONING',
    ],
    look: ['SELECT *, ROW_START, ROW_END FROM shop.days FOR SYSTEM_TIME ALL ORDER BY id, ROW_START'],
  },
}[flavor]
const BEFORE = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.first (id INT PRIMARY KEY)',
  `CREATE TABLE shop.orders (id INT PRIMARY KEY, at TIMESTAMP NOT NULL, changed TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, part INT, booked DATETIME,
     on_day DATE AS (DATE(at)) STORED, hour INT AS (HOUR(at)) VIRTUAL, share VARCHAR(40) AS (part / 7) STORED${OF_FLAVOR.column},
     KEY (hour), KEY (on_day))`,
  'CREATE TABLE shop.lines (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES shop.orders (id))',
  'CREATE TRIGGER shop.kept BEFORE UPDATE ON shop.orders FOR EACH ROW SET NEW.part = NEW.part + 1',
  ...OF_FLAVOR.tables,
  ...rows(1),
  'UPDATE shop.days SET id = 11 WHERE id = 1',
  'INSERT INTO shop.lines VALUES (1)',
]
const AFTER = [
  ...rows(2),
  'BEGIN',
  'INSERT INTO shop.first VALUES (1)',
  ...rows(3),
  'COMMIT',
  'UPDATE shop.orders SET part = 3 WHERE id = 1',
]
/** The zone of a statement is logged, and is not that of rows between it and the next one. */
const ZONED = [
  "SET SESSION time_zone = '-05:00'",
  'CREATE TABLE shop.later (id INT PRIMARY KEY, at TIMESTAMP NULL)',
  "INSERT INTO shop.later VALUES (1, '2026-03-01 01:00:00')",
  'ALTER TABLE shop.later MODIFY at DATETIME',
  'SET SESSION time_zone = DEFAULT',
  ...rows(4),
  'ALTER TABLE shop.first COMMENT = "x"',
]
/** Of sessions that set nothing. */
const SETTINGS = ['--div-precision-increment=12', '--lc-time-names=de_DE']

describe('columns that were computed in the time zone of the system', () => {
  let prepared: Prepared
  beforeAll(async () => {
    prepared = await prepare({ timeZone: 'JST-9', options: SETTINGS, before: BEFORE, after: [...AFTER, ...ZONED] })
  })
  afterAll(async () => prepared?.[Symbol.asyncDispose]())

  test('are what they were on a target in that zone', async () => {
    await expectSame(prepared, { timeZone: 'JST-9' }, 'direct')
  })

  test('are not computed in another: such a target is refused, and nothing was written', async () => {
    expect(prepared.plan.image.backup.needs.timeZones).toEqual(['SYSTEM'])
    await using target = await startServer(flavor)
    await using server = await connect(target)
    const state = await targetState(target)
    await expectPitrError(
      prepared.manager.restore(prepared.plan, { into: { kind: 'server', server }, accounts: 'none' }),
      { code: 'TargetIncompatible', subject: 'system_time_zone' },
    )
    expect(await targetState(target)).toEqual(state)
  })
})

describe('columns that were computed in a time zone of the server', () => {
  let prepared: Prepared
  beforeAll(async () => {
    const options = ['--default-time-zone=+09:00', ...SETTINGS]
    prepared = await prepare({ options, before: BEFORE, after: AFTER })
  })
  afterAll(async () => prepared?.[Symbol.asyncDispose]())

  test.each(['direct', 'mysqlbinlog'] as const)(
    'are what they were on any target, with the replayer %s',
    async (by) => {
      await expectSame(prepared, {}, by)
    },
  )
})

async function expectSame(
  { manager, plan, source }: Prepared,
  options: Parameters<typeof startServer>[1],
  replayer: NonNullable<RestoreOptions['replayer']>,
): Promise<void> {
  await using target = await startServer(flavor, options)
  await using server = await connect(target)
  const own = await settings(target)
  await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer })
  for (const statement of [
    'SELECT * FROM shop.orders IGNORE INDEX (hour) ORDER BY id',
    'SELECT hour FROM shop.orders FORCE INDEX (hour) ORDER BY hour',
    ...OF_FLAVOR.look,
  ]) {
    // In the zone of the source, where what is computed while it is read is what it was.
    const look = ["SET time_zone = '+09:00'", statement]
    expect({ statement, rows: await run(target, look) }).toEqual({ statement, rows: await run(source, look) })
  }
  expect(await settings(target)).toEqual(own)
}

async function settings(server: TestServer): Promise<unknown> {
  return await run(server, ['SELECT @@GLOBAL.time_zone, @@GLOBAL.lc_time_names, @@GLOBAL.div_precision_increment'])
}

function rows(id: number): readonly string[] {
  return [
    `INSERT INTO shop.orders (id, at, part, booked) VALUES (${id}, '2026-03-01 01:00:00', 1, '2026-03-01 01:00:00')`,
    `INSERT INTO shop.days (id, at) VALUES (${id}, '2026-03-01 01:00:00')`,
  ]
}
