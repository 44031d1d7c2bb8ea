import { afterAll, beforeAll, expect, test } from 'vitest'
import { TableMaps } from '../../../src/binlog/table-maps.ts'
import { cutBatch } from '../../../src/restore/replay/direct/batch-parts.ts'
import { PiecesAhead } from '../../../src/restore/replay/direct/pieces-ahead.ts'
import { readPieces } from '../../../src/restore/replay/direct/read-pieces.ts'
import { takeRowBatch } from '../../../src/restore/replay/direct/row-batch.ts'
import { MAGIC_BYTES } from '../../../src/restore/replay/printed-runs.ts'
import { RowComparison } from '../../../src/server/row-comparison/row-comparison.ts'
import type { LoggedRows, RowDifference } from '../../../src/server/row-comparison/logged-rows.ts'
import type { Server } from '../../../src/server/server.ts'
import { flavor } from '../../support/flavor.ts'
import { Random } from '../../support/random.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connect } from './support/connect.ts'
import { logFiles } from './support/log-files.ts'
import { run } from './support/query.ts'
import { columnsOfEachSort } from './support/random-columns.ts'

// Another seed, other values: MYSQL_PITR_TEST_SEED.
const SEED = Number(process.env['MYSQL_PITR_TEST_SEED'] ?? 20_261_121)
const ROWS = 8

let tested: TestServer
let server: Server
let comparison: RowComparison
beforeAll(async () => {
  tested = await startServer(flavor, { options: ['--max-allowed-packet=64M'] })
  server = await connect(tested)
  await run(tested, ['CREATE DATABASE shop', 'CREATE DATABASE kept'])
  comparison = await RowComparison.open(server)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await tested?.[Symbol.asyncDispose]()
})

test(`rows of every column type are as the log says, and differ when a value does, seed ${SEED}`, async () => {
  const random = new Random(SEED)
  const tables = [1, 2]
    .flatMap(() => columnsOfEachSort(random, flavor))
    .map(({ type, value }, i) => ({ name: `each_${i}`, type, value: () => value(random) }))
  await unlogged(
    tables.flatMap(({ name, type, value }) => {
      const rows = Array.from({ length: ROWS }, (_, i) => `(${i + 1}, ${i === 0 ? 'NULL' : value()})`)
      return [`CREATE TABLE ${name} (id INT PRIMARY KEY, c ${type} NULL)`, `INSERT INTO ${name} VALUES ${rows.join()}`]
    }),
  )
  const logged = await changeAndPutBack(
    tables.map(({ name }) => name),
    (name) => [`UPDATE ${name} SET c = NULL WHERE id % 2 = 0`, `DELETE FROM ${name} WHERE id % 2 = 1`],
  )
  expect(await comparison.findDifferent([...logged.values()].flat())).toBeUndefined()

  for (const { name, type, value } of tables) {
    const rows = logged.get(name)!
    expect(rows.flatMap(({ images }) => images)).toHaveLength(ROWS)
    const id = random.integer(2, ROWS)
    const was = await textOf(name, id)
    let different = 0
    for (const each of ['NULL', value(), value(), value()]) {
      await unlogged([`UPDATE ${name} SET c = ${each} WHERE id = ${id}`])
      const isDifferent = (await textOf(name, id)) !== was
      if (isDifferent) different++
      expect(await difference(rows), `of ${type}`).toEqual(
        isDifferent ? { key: [{ column: 'id', value: `${id}` }], isMissing: false, columns: ['c'] } : undefined,
      )
    }
    expect(different, `of ${type}`).toBeGreaterThan(0)
  }
})

/** Values that a server takes for equal, or writes alike, and that differ. */
const ALIKE: readonly (readonly [type: string, value: string, other: string])[] = [
  ['VARCHAR(20)', "'a'", "'a '"],
  ['VARCHAR(20)', "'a'", "'A'"],
  ['CHAR(5) CHARACTER SET latin1', "'a'", "'A'"],
  ['CHAR(5) CHARACTER SET utf16', "'e'", "'é'"],
  ['MEDIUMTEXT CHARACTER SET sjis', "'a'", "'a '"],
  ['DOUBLE', '0e0', '-0e0'],
  ['DOUBLE', '0.1e0', '0.10000000000000002e0'],
  ['FLOAT', '16777216', '16777218'],
  ["ENUM('', 'b')", "''", "'none of them'"],
  ["SET('', 'b')", '0', '1'],
  ['BIT(64)', '18446744073709551615', '18446744073709551614'],
  ['BIGINT UNSIGNED', '18446744073709551615', '18446744073709551614'],
  ['DECIMAL(65, 30)', '0.1', '0.100000000000000000000000000001'],
  ['TIME(6)', "'00:00:00.000001'", "'-00:00:00.000001'"],
  ['DATE', "'0000-00-00'", 'NULL'],
  ['TIMESTAMP(6) NULL', "'2026-10-25 00:30:00.000001'", "'2026-10-25 00:30:00.000002'"],
  ['VARBINARY(10)', "x'61'", "x'6100'"],
  ['LONGBLOB', "REPEAT('a', 3000000)", "CONCAT(REPEAT('a', 2999999), 'b')"],
  ['GEOMETRY', "ST_GeomFromText('POINT(1 2)', 0)", "ST_GeomFromText('POINT(1 2)', 4326)"],
  ...{
    mysql: [
      ['JSON', "'1'", "'1.0'"],
      ['JSON', '\'{"a": 1}\'', '\'{"a": true}\''],
      ['JSON', "JSON_ARRAY(CAST('2026-01-01' AS DATE))", '\'["2026-01-01"]\''],
      ['JSON', "'null'", 'NULL'],
      ['VECTOR(2)', "STRING_TO_VECTOR('[0,1]')", "STRING_TO_VECTOR('[-0,1]')"],
    ] as const,
    mariadb: [
      ['JSON', '\'{"a":1}\'', '\'{"a": 1}\''],
      ['VARCHAR(10) COLLATE utf8mb4_nopad_bin', "'a'", "'a '"],
      ['TEXT COMPRESSED', "REPEAT('a', 500)", "REPEAT('a', 501)"],
      ['INET4', "'1.2.3.4'", "'1.2.3.5'"],
      ['VECTOR(2)', "VEC_FromText('[0,1]')", "VEC_FromText('[-0,1]')"],
    ] as const,
  }[flavor],
]

test('values that a server takes for equal are told apart, to the last bit', async () => {
  const names = ALIKE.map((_, i) => `alike_${i}`)
  await unlogged(
    ALIKE.flatMap(([type, value], i) => [
      `CREATE TABLE ${names[i]} (id INT PRIMARY KEY, c ${type})`,
      `INSERT INTO ${names[i]} VALUES (1, ${value})`,
    ]),
  )
  const logged = await changeAndPutBack(names, (name) => [`DELETE FROM ${name}`])
  expect(await comparison.findDifferent([...logged.values()].flat())).toBeUndefined()
  // An UPDATE leaves what seems equal.
  await unlogged(ALIKE.map(([, , other], i) => `REPLACE INTO ${names[i]} VALUES (1, ${other})`))
  const notTold: string[] = []
  for (const [i, [type, value, other]] of ALIKE.entries()) {
    const found = await difference(logged.get(names[i]!)!)
    if (found?.columns[0] !== 'c') notTold.push(`${type}: ${value}, ${other}`)
  }
  expect(notTold).toEqual([])
})

/** Tables whose row events are not simply their columns, with the key that names a row. */
const SHAPES: readonly (readonly [definition: string, key: string])[] = [
  ['(id INT PRIMARY KEY, v INT, s INT AS (v + 1) STORED, g INT AS (v + 2) VIRTUAL, w INT)', 'id=1'],
  ['(id INT PRIMARY KEY, v INT, hidden INT DEFAULT 7 INVISIBLE)', 'id=1'],
  ['(a INT NULL UNIQUE, id INT NOT NULL, v INT, UNIQUE KEY (id))', 'id=1'],
  ["(v INT, name VARCHAR(100) DEFAULT 'one', id INT, PRIMARY KEY (name(3), id))", 'name=?,id=1'],
  ['(id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 3', 'id=1'],
  ['(id INT PRIMARY KEY, v INT, t TEXT, FULLTEXT KEY (t))', 'id=1'],
  ['(id INT PRIMARY KEY, v INT CHECK (v < 100), UNIQUE KEY (v))', 'id=1'],
  [`(id INT PRIMARY KEY, v INT, ${Array.from({ length: 300 }, (_, i) => `c${i} INT`).join()})`, 'id=1'],
  ...{
    mysql: [
      ['(id INT PRIMARY KEY, v INT, KEY ((v * 2)), UNIQUE KEY ((v + id)))', 'id=1'],
      ['(id INT NOT NULL, v INT, UNIQUE KEY (id), UNIQUE KEY k (v, id), KEY i (id) INVISIBLE)', 'id=1'],
    ] as const,
    mariadb: [
      ['(id INT PRIMARY KEY, v INT, t TEXT, UNIQUE KEY (t))', 'id=1'],
      ['(id INT PRIMARY KEY, v INT, t TEXT, UNIQUE KEY (t)) WITH SYSTEM VERSIONING', 'id=1,row_end=?'],
      [
        `(id INT PRIMARY KEY, v INT, s TIMESTAMP(6) AS ROW START, e TIMESTAMP(6) AS ROW END, w INT,
          PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING`,
        'id=1,e=?',
      ],
    ] as const,
  }[flavor],
]

test('rows of tables whose row events are not simply their columns are compared', async () => {
  const names = SHAPES.map((_, i) => `shape_${i}`)
  await unlogged(
    SHAPES.flatMap(([definition], i) => [
      `CREATE TABLE ${names[i]} ${definition}`,
      `INSERT INTO ${names[i]} (id, v) VALUES (1, 5), (2, 6)`,
    ]),
  )
  const logged = await rowsOf(names.map((name) => `UPDATE ${name} SET v = v + 10`))
  await unlogged(names.map((name) => `UPDATE ${name} SET v = v - 10`))
  expect(await comparison.findDifferent([...logged.values()].flat())).toBeUndefined()

  await unlogged(names.map((name) => `UPDATE ${name} SET v = 17 WHERE id = 1`))
  for (const [i, [definition, key]] of SHAPES.entries()) {
    const found = await difference(logged.get(names[i]!)!)
    expect(found, `of ${definition}`).toMatchObject({ isMissing: false, columns: ['v'] })
    expect(found?.key.map(({ column, value = '?' }) => `${column}=${value}`).join(), `of ${definition}`).toBe(key)
  }
  await unlogged(names.map((name) => `DELETE FROM ${name} WHERE id = 1`))
  for (const [i, [definition]] of SHAPES.entries()) {
    expect(await difference(logged.get(names[i]!)!), `of ${definition}`).toMatchObject({ isMissing: true })
  }
})

test('nothing is left on the server', async () => {
  const scratch = "SHOW TABLES FROM mysql_pitr LIKE 'compared%'"
  expect(await run(tested, [scratch])).not.toEqual([])
  await comparison[Symbol.asyncDispose]()
  expect(await run(tested, [scratch])).toEqual([])
})

/** How the first row that differs does. */
async function difference(all: readonly LoggedRows[]): Promise<Omit<RowDifference, 'index'> | undefined> {
  const rows = await comparison.findDifferent(all)
  if (rows === undefined) return undefined
  const { index: _, ...found } = await comparison.describeFirst(rows)
  return found
}

/** Changes tables, and makes them what they were, unlogged. Returns their rows before, by table. */
async function changeAndPutBack(
  names: readonly string[],
  changes: (name: string) => readonly string[],
): Promise<ReadonlyMap<string, readonly LoggedRows[]>> {
  const copy = (name: string): readonly string[] => [
    `CREATE TABLE kept.${name} LIKE ${name}`,
    `INSERT INTO kept.${name} SELECT * FROM ${name}`,
  ]
  await unlogged(names.flatMap(copy))
  const logged = await rowsOf(names.flatMap(changes))
  await unlogged(names.map((name) => `REPLACE INTO ${name} SELECT * FROM kept.${name}`))
  return logged
}

/** The rows that statements change, as the log says they were before. */
async function rowsOf(statements: readonly string[]): Promise<ReadonlyMap<string, readonly LoggedRows[]>> {
  await run(tested, ['FLUSH BINARY LOGS'])
  await run(tested, ['USE shop', ...statements])
  const log = (await logFiles(tested)).at(-1)!
  await comparison.beginFile(log.head.subarray(MAGIC_BYTES), log.format)
  await using pieces = new PiecesAhead(readPieces(log))
  const found: LoggedRows[] = []
  for (let batch; (batch = await takeRowBatch(pieces, log.format, () => true, true)) !== undefined;) {
    const parts = await cutBatch(batch.events, {
      tables: new TableMaps(),
      factsOf: (table) => comparison.tableFacts(table),
      requireFits: (facts, columns) => expect(columns, `of ${facts.definition}`).toBe(facts.loggedColumns),
      onNotCompared: (each) => expect.fail(JSON.stringify(each)),
    })
    expect(parts).toHaveLength(1)
    found.push(...parts.flatMap(({ groups }) => groups.map(({ rows }) => rows)))
  }
  expect(await pieces.peek(), 'something that is no rows').toBeUndefined()
  return Map.groupBy(found, ({ table }) => table.table)
}

async function unlogged(statements: readonly string[]): Promise<void> {
  await run(tested, ['SET SESSION sql_log_bin = 0', "SET SESSION sql_mode = ''", 'USE shop', ...statements])
}

async function textOf(name: string, id: number): Promise<string> {
  const [row] = await run(tested, ['USE shop', `SELECT c, HEX(c) AS hex FROM ${name} WHERE id = ${id}`])
  return JSON.stringify(row)
}
