import type { Connection } from 'mysql2/promise'
import type { Effect, Engine, Step, Value } from './step.ts'
import { effectSql } from './step-sql.ts'

/** The database of the workload. */
export const DATABASE = 'ledger_test'

/** The tables whose first column is the number of a transaction, as `mysqlbinlog -vv` prints them. */
export const LABEL_TABLES: RegExp = /^`ledger_test`\.`(?:ledger|side_\d+)`$/

/** The transaction that ends the setting up: what the log holds before it is no step. */
export const SETUP_NUMBER = 0

/** Accounts every connection changes. */
export const SHARED_ACCOUNTS = 20

/** A column: its definition and what it holds when an insert does not name it. */
interface Column {
  readonly definition: string
  readonly default: Value
}

/** A table: its columns in order, and what stands behind them. */
export interface TableDefinition {
  readonly columns: Readonly<Record<string, Column>>
  readonly keys: readonly string[]
}

/** Every table but the side tables. */
export const TABLES: Readonly<Record<string, TableDefinition>> = {
  // A row for each part of each transaction: what is missing names itself.
  ledger: {
    columns: {
      tx: { definition: 'BIGINT NOT NULL', default: null },
      part: { definition: 'INT NOT NULL', default: null },
      worker: { definition: 'INT NOT NULL', default: null },
      amount: { definition: 'DECIMAL(12,2) NULL', default: null },
      note: { definition: 'VARCHAR(200) NULL', default: null },
      payload: { definition: 'VARBINARY(300) NULL', default: null },
    },
    keys: ['PRIMARY KEY (tx, part)'],
  },
  account: {
    columns: {
      id: { definition: 'INT NOT NULL', default: null },
      balance: { definition: 'BIGINT NOT NULL', default: null },
    },
    keys: ['PRIMARY KEY (id)'],
  },
  item: {
    columns: {
      id: { definition: 'BIGINT NOT NULL', default: null },
      worker: { definition: 'INT NOT NULL', default: null },
      state: { definition: "VARCHAR(40) NOT NULL DEFAULT 'new'", default: 'new' },
    },
    keys: ['PRIMARY KEY (id)', 'KEY (worker)'],
  },
  // Without a primary key, with rows that are equal.
  audit: {
    columns: {
      worker: { definition: 'INT NOT NULL', default: null },
      what: { definition: 'VARCHAR(40) NOT NULL', default: null },
    },
    keys: [],
  },
}

/** What a side table begins with, and the column its `alter` adds. */
export const SIDE_TABLE: TableDefinition = {
  columns: {
    tx: { definition: 'BIGINT NOT NULL', default: null },
    note: { definition: 'VARCHAR(40) NULL', default: null },
  },
  keys: ['KEY (tx)'],
}
export const SIDE_COLUMN: { readonly name: string; readonly column: Column } = {
  name: 'extra',
  column: { definition: 'INT NOT NULL DEFAULT 7', default: 7 },
}

/** Makes the tables and their first rows. The last transaction is the returned step. */
export async function setUp(connection: Connection, workers: number): Promise<Step> {
  await connection.query(`CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4`)
  await connection.query(`USE ${DATABASE}`)
  for (const [name, definition] of Object.entries(TABLES)) await connection.query(createTableSql(name, definition))
  const effects = firstRows(workers)
  await connection.beginTransaction()
  for (const effect of effects)
    for (const { sql, values } of effectSql(effect)) await connection.query(sql, [...values])
  await connection.commit()
  return { kind: 'transaction', number: SETUP_NUMBER, effects }
}

/** The statement that makes a table. */
export function createTableSql(name: string, { columns, keys }: TableDefinition, engine: Engine = 'InnoDB'): string {
  const lines = [...Object.entries(columns).map(([column, { definition }]) => `${column} ${definition}`), ...keys]
  return `CREATE TABLE ${name} (${lines.join(', ')}) ENGINE=${engine}`
}

/** The account only this worker changes: a long transaction on it holds up nobody else. */
export function ownAccount(worker: number): number {
  return 100 + worker
}

function firstRows(workers: number): Effect[] {
  const ids = [
    ...Array.from({ length: SHARED_ACCOUNTS }, (_, index) => index + 1),
    ...Array.from({ length: workers }, (_, index) => ownAccount(index + 1)),
  ]
  return [
    { kind: 'insert', table: 'ledger', row: { tx: SETUP_NUMBER, part: 0, worker: 0 } },
    ...ids.map((id): Effect => ({ kind: 'insert', table: 'account', row: { id, balance: 1000 } })),
  ]
}
