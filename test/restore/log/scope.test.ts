import { expect, test } from 'vitest'
import { Timestamp } from '../../../src/coordinates/timestamp.ts'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { isInScope } from '../../../src/restore/log/scope.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'

const SHOP = { databases: ['shop'] }

function touching(databases: readonly string[], tablesKnown = true): Transaction {
  return {
    start: 100,
    end: 200,
    commitTime: new Timestamp(0, 'second'),
    kind: 'row',
    changes: databases.map((database) => ({ database, table: 't', inserted: 1, updated: 0, deleted: 0 })),
    tablesKnown,
    rowEvents: 1,
    rows: 1,
  }
}

test('a backup of everything takes everything', () => {
  expect(isInScope(touching(['other'], false), 'all', 'binlog.000001')).toBe(true)
})

test('a backup of some databases takes their transactions, and those that touch no table', () => {
  expect(isInScope(touching(['shop']), SHOP, 'binlog.000001')).toBe(true)
  expect(isInScope(touching([]), SHOP, 'binlog.000001')).toBe(true)
  expect(isInScope(touching(['other']), SHOP, 'binlog.000001')).toBe(false)
})

test.each([
  ['touches both sides', touching(['shop', 'other'])],
  ['cannot be told', touching([], false)],
])('one that %s is Unreplayable', async (_, transaction) => {
  await expectPitrError(() => isInScope(transaction, SHOP, 'binlog.000001'), {
    code: 'Unreplayable',
    subject: 'binlog.000001:100',
  })
})
