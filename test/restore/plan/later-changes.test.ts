import { expect, test } from 'vitest'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { EXACT_NAMES } from '../../../src/image/database-names.ts'
import type { NameFold } from '../../../src/image/database-names.ts'
import type { SkippedTransaction } from '../../../src/image/restore-plan-parts.ts'
import type { TouchedTable } from '../../../src/image/touched.ts'
import { LaterChangesFinder } from '../../../src/restore/plan/later-changes.ts'
import { at } from '../../image/facts.ts'

type What = Partial<Pick<Transaction, 'kind' | 'tablesKnown' | 'statement' | 'copies'>>

const ORDERS = { database: 'shop', table: 'orders' }
const ITEMS = { database: 'shop', table: 'items' }
const SHOP = { database: 'shop' }

/** A history: what each transaction touches, and those of them that are skipped. */
function later(
  history: readonly (readonly [tables: readonly TouchedTable[], what?: What])[],
  skipped: readonly number[],
  fold: NameFold = EXACT_NAMES,
): readonly (readonly [table: string | undefined, places: readonly number[], count: number])[] {
  type Each = SkippedTransaction & Pick<Transaction, 'tablesKnown' | 'copies'>
  const transactions = history.map(([tables, what], number): Each => ({
    fileId: 'id',
    start: { file: 'binlog.000001', offset: number },
    end: { file: 'binlog.000001', offset: number + 1 },
    commitTime: at(number),
    kind: 'row',
    changes: tables.map((table) => ({ ...table, inserted: 1, updated: 0, deleted: 0 })),
    tablesKnown: true,
    rowEvents: 1,
    rows: 1,
    ...what,
  }))
  const finder = new LaterChangesFinder({ transactions: skipped.map((number) => transactions[number]!) }, fold)
  for (const { start, end, ...rest } of transactions) {
    const touched = { kinds: [rest.kind], tables: rest.tablesKnown ? rest.changes : undefined }
    if (finder.concerns(touched)) finder.add({ ...rest, start: start.offset, end: end.offset }, { ...rest, start, end })
  }
  return finder.found.map(({ table, first, transactions: count }) => [
    table,
    first.map(({ start }) => start.offset),
    count,
  ])
}

test('what touches the tables of a skipped transaction behind it is counted by table, the first ones named', () => {
  const history = [
    [[ORDERS]],
    [[ORDERS, ITEMS]],
    [[ITEMS, ORDERS]],
    [[{ database: 'other', table: 'orders' }]],
  ] as const
  const more = Array.from({ length: 5 }, () => [[ITEMS]] as const)
  expect(later([...history, ...more], [1])).toEqual([
    ['shop.orders', [2], 1],
    ['shop.items', [2, 4, 5], 6],
  ])
  expect(later(history, [2])).toEqual([])
})

test('skipped transactions are not counted behind each other; each table counts from the first that touches it', () => {
  expect(later([[[ORDERS]], [[ITEMS]], [[ORDERS]], [[ITEMS]], [[ORDERS]]], [0, 2, 3])).toEqual([
    ['shop.orders', [4], 1],
  ])
})

test('a whole database is all of its tables', () => {
  const drop = [[SHOP], { kind: 'ddl', statement: 'DROP DATABASE shop' }] as const
  expect(later([[[ORDERS]], drop], [0])).toEqual([['shop.orders', [1], 1]])
  expect(() => later([drop, [[ORDERS]]], [0])).toThrow(expect.objectContaining({ code: 'Unreplayable' }))
})

test('names are compared as the server compares them', () => {
  const history = [[[ORDERS]], [[{ database: 'SHOP', table: 'Orders' }]]] as const
  expect(later(history, [0])).toEqual([])
  expect(later(history, [0], (name) => name.toLowerCase())).toEqual([['shop.orders', [1], 1]])
})

test('what may touch anything is counted apart', () => {
  expect(later([[[ORDERS]], [[], { kind: 'statement', tablesKnown: false }]], [0])).toEqual([[undefined, [1], 1]])
})

test.each<[string, readonly TouchedTable[], What]>([
  ['touches it', [ORDERS], {}],
  ['may touch anything', [], { kind: 'statement', tablesKnown: false }],
])('a skipped definition is refused when what comes behind it %s; a TRUNCATE is not', (_, tables, what) => {
  const alter = { kind: 'ddl', statement: 'ALTER TABLE orders ADD COLUMN n INT' } as const
  expect(() =>
    later(
      [
        [[ORDERS], alter],
        [tables, what],
      ],
      [0],
    ),
  ).toThrow(expect.objectContaining({ code: 'Unreplayable', subject: 'binlog.000001:1' }))
  expect(later([[[ORDERS], alter], [[ITEMS]]], [0])).toEqual([])
  expect(
    later(
      [
        [[ORDERS], { kind: 'ddl', statement: 'TRUNCATE TABLE orders' }],
        [tables, what],
      ],
      [0],
    ),
  ).toHaveLength(1)
})

test('a skipped definition is refused when one behind it copies it; skipped rows are not, nor is another table', () => {
  const alter = [[ORDERS], { kind: 'ddl', statement: 'ALTER TABLE orders ADD COLUMN n INT' }] as const
  const like = [[ITEMS], { kind: 'ddl', statement: 'CREATE TABLE items LIKE orders', copies: ORDERS }] as const
  expect(() => later([alter, like], [0])).toThrow(
    expect.objectContaining({
      code: 'Unreplayable',
      subject: 'binlog.000001:1',
      message: expect.stringContaining('copies the definition of shop.orders'),
    }),
  )
  expect(later([alter, like], [0, 1])).toEqual([])
  expect(later([alter, [[ORDERS]], like], [1])).toEqual([])
  expect(later([[[ORDERS]], like], [0])).toEqual([])
  expect(later([alter, [[ITEMS], { ...like[1], copies: { database: 'other', table: 'orders' } }]], [0])).toEqual([])
})
