import { expect, test } from 'vitest'
import { SqlTokens } from '../../src/binlog/sql-tokens.ts'
import { computesInZone, enginesOf } from '../../src/binlog/statement-needs.ts'

function engines(sql: string): readonly string[] {
  return enginesOf(new SqlTokens(sql, { flavor: 'mysql', ansiQuotes: false, noBackslashEscapes: false }))
}

test.each([
  ['CREATE TABLE t (id INT) ENGINE=ARCHIVE', ['ARCHIVE']],
  ["CREATE TABLE t (id INT) COMMENT 'x', ENGINE = 'archive' CHARSET utf8mb4", ['archive']],
  ['create temporary table if not exists a.t (id int) engine memory', ['memory']],
  ['CREATE OR REPLACE TABLE t ENGINE=Aria SELECT engine FROM cars', ['Aria']],
  ['CREATE SEQUENCE s ENGINE=MyISAM', ['MyISAM']],
  ['ALTER TABLE t ENGINE `CONNECT`', ['CONNECT']],
  ['ALTER TABLE t ADD COLUMN a INT, ENGINE InnoDB', ['InnoDB']],
  ['CREATE TABLE t (a INT) /*!50100 ENGINE=BLACKHOLE */', ['BLACKHOLE']],
  ['SET STATEMENT sql_mode="" FOR CREATE TABLE t (a INT) ENGINE=S3', ['S3']],
])('%s names its engine', (sql, expected) => {
  expect(engines(sql)).toEqual(expected)
})

test.each([
  'CREATE TABLE t (id INT)',
  'CREATE TABLE cars (engine VARCHAR(10), CHECK (engine = diesel))',
  'CREATE TABLE t AS SELECT engine FROM cars',
  'ALTER TABLE cars ADD COLUMN engine VARCHAR(10)',
  'ALTER TABLE cars MODIFY engine INT, CHANGE motor engine INT, DROP engine',
  'CREATE PROCEDURE p() CREATE TEMPORARY TABLE t (a INT) ENGINE=MEMORY',
  "INSERT INTO t VALUES ('ENGINE=ARCHIVE')",
])('%s names none', (sql) => {
  expect(engines(sql)).toEqual([])
})

function isComputed(sql: string): boolean {
  return computesInZone(new SqlTokens(sql, { flavor: 'mysql', ansiQuotes: false, noBackslashEscapes: false }))
}

test.each([
  'CREATE TABLE t (at TIMESTAMP, day INT AS (DAY(at)) STORED)',
  'ALTER TABLE a.t ADD COLUMN `d` DATETIME GENERATED ALWAYS AS (`at`) VIRTUAL',
  'CREATE UNIQUE INDEX i ON t ((DATE(at)))',
  'alter table t add key (id, (hour(at)))',
])('%s may compute in the zone of a session', (sql) => {
  expect(isComputed(sql)).toBe(true)
})

test.each([
  'CREATE TABLE t (id INT, at TIMESTAMP, KEY (at))',
  "CREATE TABLE t (doc JSON, name VARCHAR(10) AS (doc->>'$.date') STORED)",
  'CREATE TABLE t AS (SELECT DATE(at) FROM u)',
  'CREATE VIEW v AS (SELECT DATE(at) FROM u)',
  'CREATE INDEX i ON t (at)',
])('%s does not', (sql) => {
  expect(isComputed(sql)).toBe(false)
})
