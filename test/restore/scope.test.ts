import { expect, test } from 'vitest'
import { OpenTransaction } from '../../src/binlog/open-transaction.ts'
import { classifyStatement } from '../../src/binlog/statement.ts'
import type { Transaction } from '../../src/binlog/transaction.ts'
import type { BackupScope } from '../../src/image/backup-image.ts'
import type { RestoreOnly } from '../../src/image/restored-tables.ts'
import { scopeRule } from '../../src/restore/scope.ts'
import type { ScopeRule, ScopeSide } from '../../src/restore/scope.ts'

const SHOP = { databases: ['shop'] }
const CHOSEN: RestoreOnly = { databases: ['crm'], tables: ['shop.orders', 'shop.lines'] }

interface Scope {
  readonly scope?: BackupScope
  readonly only?: RestoreOnly
  readonly nameCase?: string
}

function ruleOf({ scope = 'all', only, nameCase = '0' }: Scope): ScopeRule {
  const server = {
    flavor: 'mysql',
    version: '9.7.4',
    serverId: 1,
    settings: { lower_case_table_names: nameCase },
    systemTimeZone: '+00:00',
  } as const
  return scopeRule({ backup: { scope, server }, only })
}

/** A transaction of row events of these tables, two rows each, and of these statements. */
function transaction(tables: readonly string[], statements: readonly string[] = [], database = 'shop'): Transaction {
  const open = new OpenTransaction(100, 'commit')
  for (const name of tables) open.addRows(name.split('.')[0]!, name.split('.')[1]!, 'inserted', 2)
  for (const sql of statements) open.addStatement(classifyStatement(sql, database))
  return open.finish(200, 0)
}

/** `inside`, `outside`, `part` or the reason. */
function word(side: ScopeSide): string {
  if (typeof side === 'string') return side
  return 'part' in side ? 'part' : side.reason
}

const rows = (tables: readonly string[], scope: Scope) => word(ruleOf(scope)(transaction(tables)))
const statement = (sql: string, scope: Scope, database?: string) =>
  word(ruleOf(scope)(transaction([], [sql], database)))

test('a backup of everything takes everything', () => {
  expect(rows(['other.t'], {})).toBe('inside')
  expect(statement('INSTALL PLUGIN x SONAME y', {})).toBe('inside')
})

test('a backup of some databases takes what touches them, and what touches no table', () => {
  expect(rows(['shop.t'], { scope: SHOP })).toBe('inside')
  expect(rows([], { scope: SHOP })).toBe('inside')
  expect(rows(['other.t'], { scope: SHOP })).toBe('outside')
  expect(statement('GRANT SELECT ON shop.* TO a', { scope: SHOP })).toBe('inside')
  expect(statement('INSTALL PLUGIN x SONAME y', { scope: SHOP })).toContain('not known which tables')
})

test('of row changes on both sides a part is replayed: what it would be had it touched nothing else', () => {
  for (const scope of [{ scope: SHOP }, { only: { tables: ['shop.t'] } }]) {
    const side = ruleOf(scope)(transaction(['other.t', 'shop.t', 'shop.t', 'other.u']))
    expect(side).toMatchObject({
      part: {
        start: 100,
        end: 200,
        changes: [{ database: 'shop', table: 't', inserted: 4, updated: 0, deleted: 0 }],
        rowEvents: 2,
        rows: 4,
      },
    })
  }
})

test('nothing but row changes can be divided', () => {
  expect(word(ruleOf({ only: CHOSEN })(transaction(['shop.orders', 'shop.x'], ['DROP TABLE shop.y'])))).toMatch(
    /is not row changes alone: statements beside its row events/,
  )
  for (const sql of [
    'DROP TABLE orders, x',
    'RENAME TABLE orders TO x',
    'RENAME TABLE x TO orders',
    'RENAME TABLE orders TO crm.orders, crm.a TO x',
    'ALTER TABLE x RENAME TO crm.x',
    'ALTER TABLE orders EXCHANGE PARTITION p WITH TABLE x',
    'OPTIMIZE TABLE orders, x',
    'ALTER EVENT crm.e RENAME TO shop.e',
  ]) {
    expect([sql, statement(sql, { only: CHOSEN })]).toEqual([sql, expect.stringMatching(/is not row changes alone/)])
  }
  const xa = {
    ...transaction(['shop.orders', 'shop.x']),
    kind: 'xa',
    rowsObstacle: 'a part of an XA transaction',
  } as const
  expect(word(ruleOf({ only: CHOSEN })(xa))).toContain('is not row changes alone: a part of an XA transaction')
})

test.each([
  // Tables
  ['CREATE TABLE orders (id INT)', 'inside'],
  ['CREATE TABLE shop.x (id INT)', 'outside'],
  ['DROP TABLE orders, lines', 'inside'],
  ['DROP TABLE x, y', 'outside'],
  ['RENAME TABLE orders TO lines', 'inside'],
  ['RENAME TABLE x TO y', 'outside'],
  ['TRUNCATE orders', 'inside'],
  ['CREATE INDEX i ON orders (id)', 'inside'],
  ['CREATE INDEX i ON x (id)', 'outside'],
  ['CREATE TABLE crm.anything (id INT)', 'inside'],
  ['ALTER TABLE orders ADD COLUMN (a INT)', 'inside'],
  // What a definition needs
  ['CREATE TABLE orders LIKE lines', 'inside'],
  ['CREATE TABLE orders LIKE x', 'needs shop.x'],
  ['CREATE TABLE crm.copy (LIKE shop.x)', 'needs shop.x'],
  ['CREATE TABLE x LIKE orders', 'outside'],
  ['CREATE TABLE orders (id INT, FOREIGN KEY (id) REFERENCES lines (id))', 'inside'],
  ['CREATE TABLE orders (id INT, FOREIGN KEY (id) REFERENCES x (id))', 'needs shop.x'],
  ['CREATE TABLE orders (id INT REFERENCES `other`.`y` (id))', 'needs other.y'],
  ['ALTER TABLE orders ADD b INT, ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES x (id)', 'needs shop.x'],
  ['ALTER TABLE orders ADD (b INT REFERENCES x (id))', 'needs shop.x'],
  ['ALTER TABLE x ADD FOREIGN KEY (b) REFERENCES orders (id)', 'outside'],
  ['CREATE TABLE orders AS SELECT * FROM lines', 'takes values from other tables'],
  ['CREATE TABLE orders (id INT) SELECT id FROM x', 'takes values from other tables'],
  ['CREATE TABLE orders TABLE x', 'takes values from other tables'],
  ['CREATE TABLE orders (id INT) ENGINE=MERGE UNION=(x)', 'takes values from other tables'],
  ['CREATE TABLE orders (id INT DEFAULT (NEXTVAL(s)))', 'takes values from other tables'],
  ['CREATE TABLE orders (id INT DEFAULT NEXT VALUE FOR s)', 'takes values from other tables'],
  ['CREATE TABLE orders (`select` INT, nextval INT, c INT COMMENT "REFERENCES x")', 'inside'],
  // Databases
  ['CREATE DATABASE shop', 'inside'],
  ['ALTER DATABASE shop CHARACTER SET utf8mb4', 'inside'],
  ['DROP DATABASE shop', 'inside'],
  ['DROP DATABASE crm', 'inside'],
  ['DROP DATABASE other', 'outside'],
  // Code
  ['CREATE PROCEDURE p() DROP TABLE orders', 'outside'],
  ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders', 'outside'],
  ['CREATE FUNCTION crm.f() RETURNS INT RETURN 1', 'inside'],
  ['DROP FUNCTION other.f', 'outside'],
  // Triggers
  ['CREATE TRIGGER a BEFORE INSERT ON orders FOR EACH ROW SET @a = 1', 'inside'],
  ['CREATE TRIGGER a BEFORE INSERT ON x FOR EACH ROW SET @a = 1', 'outside'],
  ['DROP TRIGGER IF EXISTS a', 'inside'],
  ['DROP TRIGGER a', 'maybe a trigger of a restored table'],
  ['DROP TRIGGER crm.a', 'inside'],
  ['DROP TRIGGER other.a', 'outside'],
  // Views
  ['CREATE VIEW v AS SELECT * FROM orders', 'outside'],
  ['CREATE VIEW orders AS SELECT 1', 'views are restored with their whole database only'],
  ['DROP VIEW orders', 'views are restored with their whole database only'],
  ['CREATE VIEW crm.v AS SELECT * FROM shop.orders o JOIN crm.t ON t.id = o.id', 'inside'],
  ['CREATE VIEW crm.v AS SELECT * FROM crm.a, crm.t, x WHERE t.a = x.b', 'needs shop.x'],
  ['CREATE VIEW crm.v AS SELECT * FROM (crm.a LEFT JOIN (crm.t, other.y) ON TRUE)', 'needs other.y'],
  ['CREATE VIEW crm.v AS SELECT EXTRACT(YEAR FROM t.day), (SELECT 1 FROM crm.u) FROM crm.t', 'inside'],
  ['DROP VIEW crm.v, crm.w', 'inside'],
  // Beside tables
  ["CREATE USER a IDENTIFIED BY 'x'", 'outside'],
  ['GRANT SELECT ON shop.orders TO a', 'outside'],
  ['FLUSH PRIVILEGES', 'outside'],
  ['CREATE TEMPORARY TABLE orders (id INT)', 'makes a temporary table'],
  ['DROP TEMPORARY TABLE IF EXISTS orders', 'outside'],
  ['INSERT INTO orders VALUES (1)', 'not known which tables'],
  ['INSERT INTO other.t VALUES (1)', 'not known which tables'],
])('with chosen tables, %s', (sql, expected) => {
  expect(statement(sql, { only: CHOSEN })).toContain(expected)
})

test('a foreign key without a database refers to the one of its table', () => {
  const sql = 'ALTER TABLE shop.orders ADD FOREIGN KEY (b) REFERENCES lines (id)'
  expect(statement(sql, { only: CHOSEN }, 'other')).toBe('inside')
})

test('a statement that was executed in a database that is not restored cannot be executed there', () => {
  const open = new OpenTransaction(100, 'statement')
  open.addStatement({ ...classifyStatement('TRUNCATE shop.orders', 'other'), executedIn: 'other' })
  expect(word(ruleOf({ only: CHOSEN })(open.finish(200, 0)))).toBe(
    'it was executed in the database other, which is not restored',
  )
})

test('transactions that touch nothing are left out where tables were chosen', () => {
  expect(rows([], { only: CHOSEN })).toBe('outside')
})

test('the end of an XA transaction goes where its changes went', () => {
  const xa = (name: string, part: 'prepared' | 'ended', tables: readonly string[] = []) =>
    ({ ...transaction(tables), kind: 'xa', rowsObstacle: 'XA', xa: { xid: name, part } }) as const
  const rule = ruleOf({ only: CHOSEN })
  expect(word(rule(xa('in', 'prepared', ['shop.orders'])))).toBe('inside')
  expect(word(rule(xa('out', 'prepared', ['shop.x'])))).toBe('outside')
  expect(word(rule(xa('in', 'ended')))).toBe('inside')
  expect(word(rule(xa('out', 'ended')))).toBe('outside')
  expect(word(rule(xa('before the image', 'ended')))).toContain('not known which tables that touched')
})

test('names differ by case only where the server says so', () => {
  expect(rows(['Shop.t'], { scope: SHOP })).toBe('outside')
  expect(rows(['Shop.t', 'SHOP.t'], { scope: SHOP, nameCase: '1' })).toBe('inside')
  expect(rows(['shop.t'], { scope: { databases: ['Shop'] }, nameCase: '2' })).toBe('inside')
  expect(rows(['shop.Orders'], { only: CHOSEN })).toBe('outside')
  expect(rows(['Shop.Orders'], { only: CHOSEN, nameCase: '1' })).toBe('inside')
})
