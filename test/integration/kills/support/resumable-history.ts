import { flavor, tier } from '../../../support/flavor.ts'

const NUMBERS =
  '(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n) AS numbers'
const ROUNDS = tier === 'full' ? [1, 2, 3, 4] : [1, 2]

/** What the backup holds. */
export const BEFORE: readonly string[] = [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE counts (id INT PRIMARY KEY, n INT)',
  'INSERT INTO counts VALUES (1, 0)',
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(5000))',
  // Rows that would be there twice without an error.
  'CREATE TABLE keyless (n INT)',
]

// As the binlog programs do it: the session goes on at once. MySQL's sessions do so by default.
const DETACH = { mysql: [], mariadb: ['SET SESSION pseudo_slave_mode = ON'] }[flavor]

/** What the log holds: rows, definitions, a large transaction in each file, XA transactions that wait long for their end. */
export const AFTER: readonly string[] = [
  'USE shop',
  ...DETACH,
  ...ROUNDS.flatMap((round) => [
    `XA START 'x${round}'`,
    `INSERT INTO keyless VALUES (${round})`,
    `XA END 'x${round}'`,
    `XA PREPARE 'x${round}'`,
    ...rows(),
    `CREATE TABLE made_${round} (id INT PRIMARY KEY)`,
    `ALTER TABLE counts ADD COLUMN c${round} INT`,
    ...rows(),
    `INSERT INTO orders (item) SELECT RPAD(HEX(i * 99991), 5000, HEX(i + ${round})) FROM ${NUMBERS}`,
    `XA COMMIT 'x${round}'`,
    ...rows(),
    `DELETE FROM orders WHERE id % 5 = ${round}`,
    'FLUSH BINARY LOGS',
  ]),
  ...rows(),
]

function rows(): string[] {
  return Array.from({ length: 60 }, (_, i) => [
    'UPDATE counts SET n = n + 1',
    `INSERT INTO keyless VALUES (${i})`,
  ]).flat()
}
