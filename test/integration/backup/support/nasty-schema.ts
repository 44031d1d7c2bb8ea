import type { Connection, RowDataPacket } from 'mysql2/promise'

import { flavor } from '../../../support/flavor.ts'

/** Databases that try what a dump could get wrong. */
export async function makeNastySchema(admin: Connection): Promise<void> {
  for (const statement of [...COMMON, ...OWN[flavor]]) await admin.query(statement)
}

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join('')

const COMMON = [
  'CREATE DATABASE `empty`',
  'CREATE DATABASE `shop` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  'CREATE DATABASE `-odd ``name`` ünï 象`',
  'USE `shop`',
  `CREATE TABLE all_types (
     id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, t TINYINT, s SMALLINT UNSIGNED, m MEDIUMINT, i INT ZEROFILL,
     d DECIMAL(65,30), f FLOAT, g DOUBLE, b BIT(64), y YEAR, da DATE, ti TIME(6), dt DATETIME(6), ts TIMESTAMP(6) NULL,
     c CHAR(10), v VARCHAR(100) CHARACTER SET latin1, tx LONGTEXT, bi BINARY(5), vb VARBINARY(600), bl LONGBLOB,
     e ENUM('a','b''c','d,e'), st SET('x','y','z'), j JSON, g1 GEOMETRY, p POINT NOT NULL,
     gv INT AS (t + 1) VIRTUAL, gs VARCHAR(30) AS (CONCAT(v, '!')) STORED, KEY (gv), SPATIAL KEY (p))`,
  `INSERT INTO all_types (id, t, s, m, i, d, f, g, b, y, da, ti, dt, ts, c, v, tx, bi, vb, bl, e, st, j, g1, p) VALUES
     (1, -128, 65535, -8388608, 42, 12345678901234567890123456789012345.123456789012345678901234567890, 1.5, 1e300,
      b'1000000000000000000000000000000000000000000000000000000000000001', 1999, '2024-02-29', '-838:59:59.000000',
      '9999-12-31 23:59:59.999999', '2024-06-01 12:00:00.123456', 'ab', 'caf\u00e9', '\u{1F600} "quoted" \\\\ back\\nline\\r\\n',
      X'0001000d0a', X'${EVERY_BYTE}', REPEAT(X'000d0a1a275c00', 100000), 'b''c', 'x,z',
      '{"k": [1, null, "\u{1F600}", 1.5]}', ST_GeomFromText('LINESTRING(0 0,1 1,2 3)'), ST_GeomFromText('POINT(1 2)')),
     (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '', NULL, '',
      'null', NULL, ST_GeomFromText('POINT(3 4)'))`,
  // The default size limit of a statement is smaller than this row in hexadecimal.
  'CREATE TABLE large (id INT PRIMARY KEY, b LONGBLOB)',
  "INSERT INTO large VALUES (1, REPEAT(X'00ff', 3000000))",
  'CREATE TABLE no_key (a INT, b VARCHAR(10))',
  "INSERT INTO no_key VALUES (1,'same'),(1,'same'),(NULL,NULL)",
  'CREATE TABLE zero (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, d DATE)',
  "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  "INSERT INTO zero VALUES (0, '0000-00-00')",
  'SET SESSION sql_mode = DEFAULT',
  // Parent behind child in name order, and each pointing at the other.
  'CREATE TABLE z_parent (id INT PRIMARY KEY, child INT)',
  'CREATE TABLE a_child (id INT PRIMARY KEY, parent INT, CONSTRAINT fk FOREIGN KEY (parent) REFERENCES z_parent (id) ON DELETE CASCADE)',
  'ALTER TABLE z_parent ADD CONSTRAINT fk2 FOREIGN KEY (child) REFERENCES a_child (id)',
  'INSERT INTO z_parent VALUES (1, NULL)',
  'INSERT INTO a_child VALUES (1, 1)',
  'UPDATE z_parent SET child = 1',
  `CREATE TABLE parts (id INT NOT NULL, y INT NOT NULL, PRIMARY KEY (id, y))
     PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)`,
  'INSERT INTO parts VALUES (1, 1999), (2, 2024)',
  "CREATE TABLE `ta``ble\n-- Dump completed on 2026-01-01  0:00:00\nx` (`co``l ümn` INT PRIMARY KEY COMMENT 'it''s;\\n--') COMMENT='CHANGE MASTER TO MASTER_LOG_FILE=''x.000001'', MASTER_LOG_POS=4;'",
  'INSERT INTO `ta``ble\n-- Dump completed on 2026-01-01  0:00:00\nx` VALUES (7)',
  'CREATE TABLE audit (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, what VARCHAR(100))',
  "CREATE TRIGGER tr1 AFTER INSERT ON no_key FOR EACH ROW BEGIN INSERT INTO audit (what) VALUES ('one;two'); INSERT INTO audit (what) VALUES (NEW.b); END",
  'CREATE TRIGGER tr2 AFTER INSERT ON no_key FOR EACH ROW SET @last = NEW.a',
  "CREATE PROCEDURE proc (IN a INT, OUT b INT) BEGIN /* DELIMITER ;; */ SET b = a + 1; SELECT ';;' AS x; END",
  'CREATE FUNCTION func (a INT) RETURNS INT DETERMINISTIC RETURN a * 2',
  "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2038-01-01 00:00:00' DO BEGIN DELETE FROM audit; DELETE FROM audit; END",
  'CREATE VIEW z_first AS SELECT id, func(s) AS f FROM all_types',
  'CREATE VIEW a_second AS SELECT id FROM z_first WHERE f IS NOT NULL',
  'CREATE SQL SECURITY DEFINER VIEW m_third AS SELECT a_second.id FROM a_second JOIN `-odd ``name`` ünï 象`.`t``x` USING (id)'.replace(
    'CREATE SQL',
    'CREATE ALGORITHM=MERGE SQL',
  ),
]
// The view needs its table first.
COMMON.splice(4, 0, 'CREATE TABLE `-odd ``name`` ünï 象`.`t``x` (id INT PRIMARY KEY, `ß` TEXT)')
COMMON.splice(5, 0, "INSERT INTO `-odd ``name`` ünï 象`.`t``x` VALUES (1, '\\\\! touch /tmp/no\\nsystem ls\\n')")

const OWN = {
  mysql: [
    'SET GLOBAL sql_generate_invisible_primary_key = OFF',
    'CREATE TABLE hidden (a INT, b INT INVISIBLE DEFAULT 5)',
    'INSERT INTO hidden (a, b) VALUES (1, 2)',
    'CREATE TABLE expr (a INT DEFAULT (1 + 1), b JSON, CONSTRAINT ck CHECK (a > 0), KEY ((a + 1)))',
    'INSERT INTO expr VALUES (5, \'{"x": [1, 2]}\')',
    "CREATE TABLE multi (b JSON, KEY m ((CAST(b->'$.x' AS UNSIGNED ARRAY))))",
    'INSERT INTO multi VALUES (\'{"x": [1, 2]}\')',
  ],
  mariadb: [
    'CREATE TABLE hidden (a INT, b INT INVISIBLE DEFAULT 5)',
    'INSERT INTO hidden (a, b) VALUES (1, 2)',
    'CREATE SEQUENCE sq START WITH 5 INCREMENT BY 3',
    'DO NEXTVAL(sq)',
    'CREATE TABLE history (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING',
    'INSERT INTO history VALUES (1, 1), (2, 2)',
    'UPDATE history SET v = 9 WHERE id = 1',
    'DELETE FROM history WHERE id = 2',
    'CREATE TABLE unchecked (a INT CHECK (a > 0), u UUID, i6 INET6)',
    'SET SESSION check_constraint_checks = 0',
    "INSERT INTO unchecked VALUES (-1, '123e4567-e89b-12d3-a456-426655440000', '::1')",
    'SET SESSION check_constraint_checks = 1',
  ],
} as const

/** Everything a server's databases hold and are, as text that can be compared. */
export async function describeDatabases(admin: Connection): Promise<readonly string[]> {
  const found: string[] = []
  const rows = async (sql: string, values: readonly string[] = []): Promise<RowDataPacket[]> =>
    (await admin.query<RowDataPacket[]>(sql, [...values]))[0]
  const show = async (kind: string, name: string): Promise<void> => {
    for (const row of await rows(`SHOW CREATE ${kind} ${name}`)) found.push(`${kind} ${name}: ${JSON.stringify(row)}`)
  }
  // In a database of their own views are shown without its name.
  await admin.query('USE information_schema')
  const system = "('mysql', 'sys', 'information_schema', 'performance_schema')"
  for (const { db } of await rows(
    `SELECT SCHEMA_NAME AS db FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ${system} ORDER BY 1`,
  )) {
    await show('DATABASE', quote(db))
    const tables = await rows(
      'SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY 1',
      [db],
    )
    for (const { name, type } of tables) {
      const table = `${quote(db)}.${quote(name)}`
      await show(type === 'VIEW' ? 'VIEW' : 'TABLE', table)
      // MySQL 9.7 answers CHECKSUM TABLE differently each time for a table with a multi-valued index.
      if (type === 'VIEW' || name === 'multi')
        found.push(JSON.stringify(await rows(`SELECT * FROM ${table} ORDER BY 1`)))
      else found.push(JSON.stringify(await rows(`CHECKSUM TABLE ${table} EXTENDED`)))
      if (type === 'SYSTEM VERSIONED') {
        found.push(
          JSON.stringify(await rows(`SELECT *, row_start, row_end FROM ${table} FOR SYSTEM_TIME ALL ORDER BY 1, 2, 3`)),
        )
      }
    }
    for (const { name } of await rows(
      'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? ORDER BY 1',
      [db],
    )) {
      await show('TRIGGER', `${quote(db)}.${quote(name)}`)
    }
    for (const { name, type } of await rows(
      'SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS type FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? ORDER BY 1',
      [db],
    )) {
      await show(type, `${quote(db)}.${quote(name)}`)
    }
    for (const { name } of await rows(
      'SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? ORDER BY 1',
      [db],
    )) {
      await show('EVENT', `${quote(db)}.${quote(name)}`)
    }
  }
  // When a trigger was made is not a part of what it is, and MySQL names the default character set only when it was named.
  return found.map((line) =>
    line.replace(/"Created":"[^"]*"/, '').replaceAll('CHARACTER SET utf8mb4 COLLATE', 'COLLATE'),
  )
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
