import { describe, expect, test } from 'vitest'
import type { TransactionFilter } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

const LOWER = ['--lower-case-table-names=1']

describe('lower_case_table_names', () => {
  test('a target with another value is refused, either way, and nothing was written', async () => {
    for (const [source, target] of [
      [[], LOWER],
      [LOWER, []],
    ] as const) {
      await using prepared = await prepare({ options: source, before: ['CREATE DATABASE Shop'], after: [] })
      await using empty = await startServer(flavor, { options: target })
      await using server = await connect(empty)
      const state = await targetState(empty)
      const { manager, plan } = prepared
      const restored = manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' })
      await expectPitrError(restored, { code: 'TargetIncompatible', subject: 'lower_case_table_names' })
      expect(await targetState(empty)).toEqual(state)
    }
  })

  test('with 1, what a statement calls SHOP is the database shop of the backup', async () => {
    await using target = await startServer(flavor, { options: LOWER })
    await using archive = await prepare({
      before: ['CREATE DATABASE Shop', 'CREATE TABLE Shop.Orders (id INT PRIMARY KEY)', 'CREATE DATABASE Other'],
      after: [
        'CREATE TABLE SHOP.Lines (id INT PRIMARY KEY)',
        'INSERT INTO Shop.LINES VALUES (1), (2)',
        'CREATE TABLE OTHER.t (id INT)',
      ],
      databases: ['shop'],
      options: LOWER,
    })
    expect(archive.plan.replayed).toMatchObject({ transactions: 2, rows: 2 })
    // The database was made before the backup, in the same file. Row events hold the names as the server keeps them, statements as they were written.
    for (const table of ['Shop.Lines', 'shop.lines', 'SHOP.LINES']) {
      expect(await found(archive, { table })).toEqual(['ddl', 'ddl', 'row'])
    }
    expect(await found(archive, { table: 'OtheR' })).toEqual(['ddl', 'ddl'])
    expect(await found(archive, { table: 'shop.line' })).toEqual(['ddl'])
    await using server = await connect(target)
    await archive.manager.restore(archive.plan, { into: { kind: 'server', server }, accounts: 'none' })
    expect(await run(target, ['SELECT id FROM shop.lines'])).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('with 0, Shop and shop are two databases, and only the chosen one is restored', async () => {
    await using target = await startServer(flavor)
    await using archive = await prepare({
      before: [
        'CREATE DATABASE shop',
        'CREATE DATABASE Shop',
        'CREATE TABLE shop.t (id INT)',
        'CREATE TABLE Shop.t (id INT)',
      ],
      after: ['INSERT INTO shop.t VALUES (1)', 'INSERT INTO Shop.t VALUES (2)'],
      databases: ['shop'],
    })
    expect(await found(archive, { table: 'Shop.t' })).toEqual(['ddl', 'ddl', 'row'])
    expect(await found(archive, { table: 'SHOP.t' })).toEqual([])
    expect(archive.plan).toMatchObject({ replayed: { transactions: 1 }, leftOut: { transactions: 1 } })
    await using server = await connect(target)
    await archive.manager.restore(archive.plan, { into: { kind: 'server', server }, accounts: 'none' })
    expect(await run(target, ['SELECT id FROM shop.t'])).toEqual([{ id: 1 }])
  })
})

async function found({ manager }: Prepared, filter: TransactionFilter): Promise<readonly string[]> {
  const kinds: string[] = []
  for await (const { kind } of manager.transactions(filter)) kinds.push(kind)
  return kinds
}
