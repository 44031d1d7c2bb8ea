import { expect, test } from 'vitest'
import type { Transaction } from '../../src/binlog/transaction.ts'
import type { BackupScope } from '../../src/image/backup-image.ts'
import { scopeRule } from '../../src/restore/scope.ts'
import type { ScopeSide } from '../../src/restore/scope.ts'

const SHOP = { databases: ['shop'] }

function sideOf(
  databases: readonly string[],
  scope: BackupScope,
  { tablesKnown = true, nameCase = '0' } = {},
): ScopeSide {
  const transaction: Transaction = {
    start: 100,
    end: 200,
    kind: 'row',
    changes: databases.map((database) => ({ database, table: 't', inserted: 1, updated: 0, deleted: 0 })),
    tablesKnown,
    rowEvents: 1,
    rows: 1,
  } as unknown as Transaction
  const server = {
    flavor: 'mysql',
    version: '9.7.4',
    serverId: 1,
    settings: { lower_case_table_names: nameCase },
    systemTimeZone: '+00:00',
  } as const
  return scopeRule({ scope, server })(transaction)
}

test('a backup of everything takes everything', () => {
  expect(sideOf(['other'], 'all', { tablesKnown: false })).toBe('inside')
})

test('a backup of some databases takes their transactions, and those that touch no table', () => {
  expect(sideOf(['shop'], SHOP)).toBe('inside')
  expect(sideOf([], SHOP)).toBe('inside')
  expect(sideOf(['other'], SHOP)).toBe('outside')
})

test('one that touches both sides, or cannot be told, is neither', () => {
  expect(sideOf(['shop', 'other'], SHOP)).toEqual({ reason: expect.stringContaining('inside and outside') })
  expect(sideOf([], SHOP, { tablesKnown: false })).toEqual({ reason: expect.stringContaining('not known') })
})

test('names differ by case only where the server says so', () => {
  expect(sideOf(['Shop'], SHOP, { nameCase: '0' })).toBe('outside')
  expect(sideOf(['Shop', 'SHOP'], SHOP, { nameCase: '1' })).toBe('inside')
  expect(sideOf(['shop'], { databases: ['Shop'] }, { nameCase: '2' })).toBe('inside')
})
