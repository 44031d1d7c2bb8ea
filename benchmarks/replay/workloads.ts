import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { randomBytes } from 'node:crypto'
import type { TestServer } from '../../test/support/servers/index.ts'
import { sysbench, SYSBENCH_TABLES } from '../support/sysbench.ts'
import { query } from './query.ts'

/** What is written on the source, before the base backup and behind it. */
export interface Workload {
  readonly prepare: (source: TestServer) => Promise<void>
  readonly run: (source: TestServer, transactions: number) => Promise<void>
  readonly tables: readonly string[]
  /** Transactions unless told otherwise. */
  readonly transactions: number
}

/** Of a row in the table of large values. */
const BLOB_BYTES = 60_000
const TRANSACTIONS_A_DDL = 200

/** By their names on the command line. */
export const WORKLOADS: Readonly<Record<string, Workload>> = {
  sysbench: {
    transactions: 100_000,
    tables: Array.from({ length: SYSBENCH_TABLES }, (_, i) => `sbtest.sbtest${i + 1}`),
    prepare: async (source) => {
      await query(source, 'CREATE DATABASE sbtest')
      await sysbench(source, 'prepare')
    },
    run: async (source, transactions) => await sysbench(source, `--events=${transactions}`, '--time=0', 'run'),
  },
  blobs: {
    transactions: 4000,
    tables: ['bench.blobs'],
    prepare: async (source) => {
      await query(
        source,
        'CREATE DATABASE bench',
        'CREATE TABLE bench.blobs (id INT PRIMARY KEY, n INT, value LONGBLOB)',
      )
    },
    run: async (source, transactions) =>
      await withConnections(source, 4, async (connection, first) => {
        for (let i = first; i < transactions; i += 4) {
          await connection.query('INSERT INTO bench.blobs VALUES (?, 0, ?)', [i, randomBytes(BLOB_BYTES / 4)])
          if (i % 3 === 0) {
            await connection.query('UPDATE bench.blobs SET n = n + 1, value = ? WHERE id = ?', [
              randomBytes(BLOB_BYTES),
              i,
            ])
          }
        }
      }),
  },
  ddl: {
    transactions: 20_000,
    tables: ['bench.small'],
    prepare: async (source) => {
      await query(
        source,
        'CREATE DATABASE bench',
        'CREATE TABLE bench.small (id INT PRIMARY KEY, n INT, text VARCHAR(80))',
      )
    },
    run: async (source, transactions) =>
      await withConnections(source, 4, async (connection, first) => {
        for (let i = first; i < transactions; i += 4) {
          await connection.query('INSERT INTO bench.small (id, n, text) VALUES (?, 1, ?)', [i, `row ${i}`])
          if (i % TRANSACTIONS_A_DDL !== 0) continue
          await connection.query(`ALTER TABLE bench.small COMMENT '${i}'`)
          await connection.query(`CREATE TABLE bench.made_${i} (id INT PRIMARY KEY)`)
          await connection.query(`DROP TABLE bench.made_${i}`)
        }
      }),
  },
}

async function withConnections(
  { connection: login }: TestServer,
  count: number,
  work: (connection: Connection, first: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, first) => {
      const connection = await createConnection(login)
      try {
        await work(connection, first)
      } finally {
        await connection.end()
      }
    }),
  )
}
