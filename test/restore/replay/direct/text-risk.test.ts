import { expect, test } from 'vitest'
import type { Transaction } from '../../../../src/binlog/transaction.ts'
import type { TableChange } from '../../../../src/image/touched.ts'
import { textRisk } from '../../../../src/restore/replay/direct/text-risk.ts'
import { at } from '../../../image/facts.ts'

const TABLE = change({ table: 't' })
const ROWS = change({ table: 't', inserted: 1 })

test.each<[string, Partial<Transaction>, ReturnType<typeof textRisk>, ReturnType<typeof textRisk>]>([
  ['rows alone', { kind: 'row', changes: [ROWS] }, 'none', 'none'],
  ['rows of a table without transactions', { kind: 'row', changes: [ROWS], rowsObstacle: 'no Xid' }, 'part', 'part'],
  ['a definition', { kind: 'ddl', changes: [TABLE], statement: 'ALTER TABLE t ADD a INT' }, 'none', 'part'],
  ['one of several tables', { kind: 'ddl', changes: [TABLE, TABLE], statement: 'DROP TABLE t, u' }, 'part', 'part'],
  ['one of a database', { kind: 'ddl', changes: [change({})], statement: 'DROP DATABASE d' }, 'part', 'part'],
  [
    'a temporary table',
    { kind: 'ddl', statement: 'CREATE /*!999999 a */ TEMPORARY TABLE t (a INT)' },
    'session',
    'session',
  ],
  ['the end of one', { kind: 'ddl', statement: 'DROP TEMPORARY TABLE IF EXISTS t' }, 'none', 'part'],
  ['an XA transaction of rows', { kind: 'xa', changes: [ROWS] }, 'part', 'part'],
  ['its end', { kind: 'xa' }, 'part', 'part'],
  ['one with statements', { kind: 'xa', changes: [ROWS, TABLE] }, 'session', 'session'],
  ['one with unknown statements', { kind: 'xa', tablesKnown: false }, 'session', 'session'],
  ['a statement', { kind: 'statement', changes: [TABLE] }, 'session', 'session'],
  ['rows and statements', { kind: 'mixed', changes: [ROWS, TABLE] }, 'session', 'session'],
])('what %s risks', (_, facts, atomic, otherwise) => {
  const transaction: Transaction = {
    start: 4,
    end: 8,
    commitTime: at(1),
    kind: 'row',
    changes: [],
    tablesKnown: true,
    rowEvents: 0,
    rows: 0,
    ...facts,
  }
  expect(textRisk(transaction, true)).toBe(atomic)
  expect(textRisk(transaction, false)).toBe(otherwise)
})

function change(facts: Partial<TableChange>): TableChange {
  return { database: 'd', inserted: 0, updated: 0, deleted: 0, ...facts }
}
