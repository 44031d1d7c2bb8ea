import type { Connection } from 'mysql2/promise'
import { Readable } from 'node:stream'
import type { Flavor } from '../../support/servers/index.ts'

/** Everything that a server with GTIDs and checksums logs, and what is asked of it by settings. `other` is a second session. */
export async function runWorkload(session: Connection, other: Connection, flavor: Flavor): Promise<void> {
  for (const statement of statements(flavor)) await session.query(statement)
  await loadData(session)
  for (const statement of multiByteNames()) await session.query(statement)
  await acrossFiles(session, other)
  await switchedChecksums(session, other)
  await other.query('FLUSH BINARY LOGS')
}

/** What a server without GTIDs and checksums, in mixed format, logs. */
export async function runMixedWorkload(session: Connection, flavor: Flavor): Promise<void> {
  await session.query('CREATE DATABASE shop')
  await session.query('USE shop')
  await session.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50)) ENGINE=InnoDB')
  await session.query("INSERT INTO t (v) VALUES ('a'), ('b'), ('c')")
  for (const statement of transactions()) await session.query(statement)
  // Not safe as a statement: the server changes to rows for it.
  await session.query('INSERT INTO t (v) SELECT LEFT(UUID(), 40) FROM t LIMIT 2')
  for (const statement of statementFormat()) await session.query(statement)
  await session.query('SET binlog_format = MIXED')
  await loadData(session)
  for (const statement of multiByteNames()) await session.query(statement)
  if (flavor === 'mysql') for (const statement of compressed()) await session.query(statement)
  await session.query('FLUSH BINARY LOGS')
}

/** As rows and as a statement with its file. */
async function loadData(session: Connection): Promise<void> {
  const lines = Array.from({ length: 5000 }, (_, i) => `loaded ${i}\n`)
  for (const format of ['ROW', 'STATEMENT']) {
    await session.query(`SET binlog_format = ${format}`)
    await session.query({
      sql: "LOAD DATA LOCAL INFILE 'rows' INTO TABLE t (v)",
      infileStreamFactory: () => Readable.from([Buffer.from(lines.join(''))]),
    })
  }
  await session.query('SET binlog_format = ROW')
}

/** Transactions that begin in one file and end in the next. */
async function acrossFiles(session: Connection, other: Connection): Promise<void> {
  await session.query("XA START 'over'")
  await session.query("INSERT INTO t (v) VALUES ('prepared in one file, committed in the next')")
  await session.query("XA END 'over'")
  await session.query("XA PREPARE 'over'")
  await other.query('FLUSH BINARY LOGS')
  await session.query("XA COMMIT 'over'")
  await session.query('BEGIN')
  await session.query("INSERT INTO t (v) VALUES ('before a rotation')")
  await other.query('FLUSH BINARY LOGS')
  await session.query("INSERT INTO t (v) VALUES ('behind it')")
  await session.query('COMMIT')
}

/** Each switch begins a file. */
async function switchedChecksums(session: Connection, other: Connection): Promise<void> {
  for (const checksum of ['NONE', 'CRC32']) {
    await other.query(`SET GLOBAL binlog_checksum = ${checksum}`)
    await session.query(`INSERT INTO t (v) VALUES ('${checksum}')`)
    await session.query('CREATE TABLE switched (id INT)')
    await session.query('DROP TABLE switched')
  }
}

function* multiByteNames(): Generator<string> {
  yield 'CREATE DATABASE `größe`'
  yield 'CREATE TABLE `größe`.`表 ``x``` (`列` INT PRIMARY KEY) CHARSET utf8mb4'
  yield 'INSERT INTO `größe`.`表 ``x``` VALUES (1), (2)'
  yield 'UPDATE `größe`.`表 ``x``` SET `列` = `列` + 10'
  yield 'SET binlog_format = STATEMENT'
  yield 'DELETE FROM `größe`.`表 ``x``` WHERE `列` = 11'
  yield 'SET binlog_format = ROW'
}

function* statements(flavor: Flavor): Generator<string> {
  yield 'CREATE DATABASE shop'
  yield 'USE shop'
  yield 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50)) ENGINE=InnoDB'
  yield "INSERT INTO t (v) VALUES ('a'), ('b'), ('c')"
  yield "UPDATE t SET v = CONCAT(v, 'x')"
  yield 'DELETE FROM t WHERE id = 2'
  yield* types(flavor)
  yield* transactions()
  yield* statementFormat()
  yield* definitions()
  yield 'FLUSH BINARY LOGS'
  yield* flavor === 'mysql' ? mysqlOnly() : mariadbOnly()
  yield* large()
  yield 'FLUSH BINARY LOGS'
}

const CHARACTERS = [
  ['c CHAR(10)', "'abc'"],
  ['c255 CHAR(255)', "REPEAT('é', 200)"],
  ['vc VARCHAR(20)', "'vc'"],
  ['vc1000 VARCHAR(1000)', "REPEAT('x', 700)"],
  ['bn BINARY(5)', "'12345'"],
  ['vb VARBINARY(300)', "REPEAT('y', 290)"],
  ['tb TINYBLOB', "'tb'"],
  ['bl BLOB', "REPEAT('b', 3000)"],
  ['mb MEDIUMBLOB', "REPEAT('m', 70000)"],
  ['lb LONGBLOB', "'lb'"],
  ['tt TINYTEXT', "'tt'"],
  ['lt LONGTEXT', "REPEAT('t', 300)"],
  ["e ENUM('a', 'b', 'c')", "'b'"],
  ["s SET('x', 'y', 'z')", "'x,z'"],
  ['j JSON', `'{"a": 1, "b": "${'z'.repeat(100)}"}'`],
] as const

const NUMBERS = [
  ['ti TINYINT', '-1'],
  ['si SMALLINT', '300'],
  ['mi MEDIUMINT', '70000'],
  ['i INT', '1'],
  ['bi BIGINT UNSIGNED', '18446744073709551615'],
  ['f FLOAT', '1.5'],
  ['d DOUBLE', '2.5'],
  ['y YEAR', '2026'],
  ['d1 DECIMAL(30,7)', '12345678901234567890.1234567'],
  ['d2 DECIMAL(9,0)', '123456789'],
  ['d3 DECIMAL(65,30)', '1.5'],
  ['d4 DECIMAL(3,3)', '0.125'],
  ['b1 BIT(1)', '1'],
  ['b17 BIT(17)', "b'10000000000000001'"],
  ['b64 BIT(64)', '1'],
] as const

const TIMES = [
  ['da DATE', "'2026-01-02'"],
  ['ti0 TIME', "'-10:11:12'"],
  ['ti1 TIME(1)', "'1:2:3.4'"],
  ['ti3 TIME(3)', "'10:11:12.123'"],
  ['ti6 TIME(6)', "'10:11:12.123456'"],
  ['dt0 DATETIME', "'2026-01-02 03:04:05'"],
  ['dt2 DATETIME(2)', "'2026-01-02 03:04:05.12'"],
  ['dt6 DATETIME(6)', "'2026-01-02 03:04:05.123456'"],
  ['ts0 TIMESTAMP NULL', "'2026-01-02 03:04:05'"],
  ['ts4 TIMESTAMP(4) NULL', "'2026-01-02 03:04:05.1234'"],
] as const

const MYSQL_TYPES = [['v VECTOR(4)', "STRING_TO_VECTOR('[1,2,3,4]')"]] as const

const MARIADB_TYPES = [
  ['v VECTOR(4)', "VEC_FromText('[1,2,3,4]')"],
  ['u UUID', "'123e4567-e89b-12d3-a456-426655440000'"],
  ['i4 INET4', "'1.2.3.4'"],
  ['i6 INET6', "'::1'"],
  ['cv VARCHAR(1000) COMPRESSED', "REPEAT('c', 900)"],
  ['cb BLOB COMPRESSED', "'c'"],
] as const

/** A column of every type; rows with values, with NULLs, and with each column NULL in turn. */
function* types(flavor: Flavor): Generator<string> {
  const columns = [...NUMBERS, ...TIMES, ...CHARACTERS, ...(flavor === 'mysql' ? MYSQL_TYPES : MARIADB_TYPES)]
  const definitions = columns.map(([definition]) => definition).join(', ')
  const names = columns.map(([definition]) => definition.slice(0, definition.indexOf(' ')))
  yield "SET time_zone = '+00:00'"
  yield `CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, ${definitions}) CHARSET utf8mb4 ENGINE=InnoDB`
  const row = columns.map(([, value]) => value).join(', ')
  yield `INSERT INTO wide (${names.join(', ')}) VALUES (${row}), (${names.map(() => 'NULL').join(', ')}), (${row})`
  for (const name of names) yield `UPDATE wide SET ${name} = NULL WHERE id = 3`
  for (const image of flavor === 'mysql' ? ['MINIMAL', 'NOBLOB'] : ['MINIMAL', 'NOBLOB', 'FULL_NODUP']) {
    yield `SET binlog_row_image = ${image}`
    yield 'UPDATE wide SET ti = ti + 1'
    yield 'INSERT INTO wide (ti) VALUES (1), (NULL)'
    yield 'DELETE FROM wide WHERE ti IS NULL'
  }
  yield 'SET binlog_row_image = FULL'
  // mysqlbinlog stops printing a row event at a GEOMETRY: one row an event.
  yield 'CREATE TABLE geo (id INT PRIMARY KEY, g GEOMETRY) ENGINE=InnoDB'
  yield "INSERT INTO geo VALUES (1, ST_GeomFromText('POINT(1 2)'))"
}

function* transactions(): Generator<string> {
  yield 'BEGIN'
  yield "INSERT INTO t (v) VALUES ('d')"
  yield 'SAVEPOINT s1'
  yield "INSERT INTO t (v) VALUES ('rolled back')"
  yield 'ROLLBACK TO s1'
  yield "INSERT INTO t (v) VALUES ('f')"
  yield 'COMMIT'
  yield 'BEGIN'
  yield "INSERT INTO t (v) VALUES ('never logged')"
  yield 'ROLLBACK'
  yield 'BEGIN'
  for (let i = 0; i < 500; i++) yield `INSERT INTO t (v) VALUES ('long ${i}'), ('long')`
  yield 'COMMIT'
  yield 'CREATE TEMPORARY TABLE tmp (a INT)'
  yield 'INSERT INTO tmp VALUES (1), (2)'
  yield 'INSERT INTO t (v) SELECT a FROM tmp'
  yield 'DROP TEMPORARY TABLE tmp'
  yield 'CREATE TABLE my (a INT) ENGINE=MyISAM'
  yield 'INSERT INTO my VALUES (1), (2)'
  yield 'BEGIN'
  yield 'INSERT INTO my VALUES (3)'
  yield "INSERT INTO t (v) VALUES ('rolled back, but MyISAM stays')"
  yield 'ROLLBACK'
  yield "XA START 'x1', 'b', 3"
  yield "INSERT INTO t (v) VALUES ('xa')"
  yield "XA END 'x1', 'b', 3"
  yield "XA PREPARE 'x1', 'b', 3"
  yield "XA COMMIT 'x1', 'b', 3"
  yield "XA START 'x2'"
  yield "INSERT INTO t (v) VALUES ('xa')"
  yield "XA END 'x2'"
  yield "XA PREPARE 'x2'"
  yield "XA ROLLBACK 'x2'"
  yield 'CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB'
  yield 'CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE) ENGINE=InnoDB'
  yield 'INSERT INTO parent VALUES (1), (2)'
  yield 'INSERT INTO child VALUES (1, 1), (2, 1), (3, 2)'
  yield 'DELETE FROM parent WHERE id = 1'
}

function* statementFormat(): Generator<string> {
  yield 'SET binlog_format = STATEMENT'
  yield "SET @u = 'uv'"
  yield 'INSERT INTO t (v) VALUES (@u)'
  yield 'INSERT INTO t (v) VALUES (RAND())'
  yield 'BEGIN'
  yield "INSERT INTO t (v) VALUES ('st1')"
  yield "UPDATE t SET v = 'st2' WHERE id < 3"
  yield 'COMMIT'
  yield 'SET binlog_format = ROW'
}

function* definitions(): Generator<string> {
  yield 'CREATE TABLE copied AS SELECT * FROM t'
  yield 'CREATE VIEW vw AS SELECT * FROM t'
  yield 'ALTER TABLE t ADD COLUMN extra INT'
  yield 'CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW INSERT INTO parent VALUES (NEW.id)'
  yield "INSERT INTO t (v) VALUES ('triggers')"
  yield 'RENAME TABLE copied TO renamed'
  yield 'TRUNCATE TABLE renamed'
  yield 'DROP TABLE renamed'
  yield "CREATE USER u1@localhost IDENTIFIED BY 'x'"
  yield 'GRANT SELECT ON shop.* TO u1@localhost'
  yield 'DROP USER u1@localhost'
}

function* mysqlOnly(): Generator<string> {
  const names = Array.from({ length: 10 }, (_, i) => `j${i}`)
  const documents = names.map((_, i) => `'{"a": ${i}, "b": "${'z'.repeat(60)}"}'`)
  yield `CREATE TABLE docs (id INT PRIMARY KEY, ${names.map((name) => `${name} JSON`).join(', ')}, n INT)`
  yield `INSERT INTO docs VALUES (1, ${documents.join(', ')}, 1), (2, ${documents.join(', ')}, 2)`
  yield 'SET binlog_row_value_options = PARTIAL_JSON'
  for (const image of ['FULL', 'MINIMAL', 'NOBLOB']) {
    yield `SET binlog_row_image = ${image}`
    yield "UPDATE docs SET j9 = JSON_SET(j9, '$.a', 77)"
    yield "UPDATE docs SET j0 = JSON_REMOVE(j0, '$.a'), j8 = JSON_SET(j8, '$.c', 5), n = 9 WHERE id = 1"
    yield 'UPDATE docs SET n = n + 1'
    yield `UPDATE docs SET j0 = ${documents[0]}, j8 = ${documents[8]}`
  }
  yield "SET binlog_row_image = FULL, binlog_row_value_options = ''"
  yield 'SET binlog_rows_query_log_events = 1'
  yield "INSERT INTO t (v) VALUES ('with its statement')"
  yield 'SET binlog_rows_query_log_events = 0'
  yield "SET gtid_next = 'AUTOMATIC:tag_1'"
  yield "INSERT INTO t (v) VALUES ('tagged'), ('tagged')"
  yield "SET gtid_next = 'AUTOMATIC'"
  yield* compressed()
}

function* compressed(): Generator<string> {
  yield 'SET SESSION binlog_transaction_compression = 1'
  yield 'BEGIN'
  for (let i = 0; i < 50; i++) yield `INSERT INTO t (v) VALUES ('compressed ${i}'), ('compressed')`
  yield "UPDATE t SET v = 'all'"
  yield 'COMMIT'
  yield 'SET SESSION binlog_transaction_compression = 0'
}

function* mariadbOnly(): Generator<string> {
  yield 'SET GLOBAL log_bin_compress = 1'
  yield `INSERT INTO t (v) VALUES ${Array.from({ length: 50 }, () => "(REPEAT('z', 40))").join(', ')}`
  yield "UPDATE t SET v = 'a value for all of the rows'"
  yield 'DELETE FROM t LIMIT 40'
  yield `CREATE TABLE comp (id INT PRIMARY KEY COMMENT '${'c'.repeat(500)}')`
  yield 'SET GLOBAL log_bin_compress = 0'
  yield 'SET gtid_domain_id = 7'
  yield "INSERT INTO t (v) VALUES ('another domain')"
  yield 'SET gtid_domain_id = 0'
}

/** One row larger than any chunk, and than a packet of the replication protocol. */
function* large(): Generator<string> {
  yield 'CREATE TABLE big (id INT PRIMARY KEY, b LONGBLOB) ENGINE=InnoDB'
  yield "INSERT INTO big VALUES (1, REPEAT('L', 17 * 1024 * 1024))"
  yield 'UPDATE big SET id = 2'
}
