import { createConnection } from 'mysql2/promise'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EventReader } from '../../../src/binlog/event-reader.ts'
import { readFileHead } from '../../../src/binlog/file-head.ts'
import { TransactionReader } from '../../../src/binlog/transaction-reader.ts'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import { printLog } from './printed-log.ts'
import type { PrintedEvent, PrintedLog } from './printed-log.ts'
import { runWorkload } from './workload.ts'

/** Chunks as an archiver would read them. */
const CHUNK_BYTES = 256 * 1024

interface ReadLog {
  readonly events: readonly PrintedEvent[]
  readonly transactions: readonly Transaction[]
}

const logs: { readonly bytes: Buffer; readonly ours: ReadLog; readonly printed: PrintedLog }[] = []

beforeAll(async () => {
  await using server = await startServer(flavor)
  if (server.dataDirectory === undefined) return
  const administrator = await createConnection(server.connection)
  await administrator.query('SET GLOBAL max_allowed_packet = 256 * 1024 * 1024')
  await administrator.end()
  const connection = await createConnection(server.connection)
  await runWorkload(connection, flavor)
  await connection.end()
  for (const file of (await readdir(server.dataDirectory)).filter((name) => /\.00000[12]$/.test(name)).toSorted()) {
    const bytes = await readFile(join(server.dataDirectory, file))
    logs.push({ bytes, ours: readLog(file, bytes), printed: await printLog(server.clientPrograms, flavor, bytes) })
  }
})

beforeEach((context) => {
  context.skip(logs.length === 0, 'the binlog files of this server are not on this machine')
})

describe('a real workload reads as the vendor’s own program prints it', () => {
  test('event by event: offset, end, time, server and checksum', () => {
    expect(logs).toHaveLength(2)
    for (const { ours, printed } of logs) expect(ours.events).toEqual(printed.events)
  })

  test('the GTID of every transaction', () => {
    for (const { ours, printed } of logs) expect(ours.transactions.map(({ gtid }) => gtid)).toEqual(printed.gtids)
  })

  test('the commit time of every transaction', () => {
    for (const { ours, printed } of logs) {
      const times = ours.transactions.map(({ commitTime }) => commitTime.epochMicroseconds)
      const lastEvents = new Map(ours.events.map((event, i) => [ours.events[i + 1]?.offset, event.timestamp]))
      const expected =
        flavor === 'mysql'
          ? printed.commitMicroseconds
          : ours.transactions.map(({ end }) => lastEvents.get(end)! * 1_000_000)
      expect(times).toEqual(expected)
    }
  })

  test('the rows of every transaction, by table and kind', () => {
    for (const { ours, printed } of logs) {
      for (const transaction of ours.transactions) {
        const { start, end } = transaction
        const rows = printed.rows.filter(({ offset }) => offset >= start && offset < end).map(({ row }) => row)
        expect([start, ...countedRows(transaction)]).toEqual([start, ...rows.toSorted()])
      }
      expect(printed.rows.length).toBe(ours.transactions.reduce((sum, { rows }) => sum + rows, 0))
    }
  })

  test('two files of one server have different identities, and the second begins where the first ended', () => {
    const heads = logs.map(({ bytes }) =>
      readFileHead('binlog.000001', new EventReader({ file: 'binlog.000001' }).push(bytes)),
    )
    expect(heads[0]?.fileId).not.toBe(heads[1]?.fileId)
    expect(heads[0]?.previousGtids).toBe('')
    expect(heads[1]?.previousGtids).not.toBe('')
  })
})

function readLog(file: string, bytes: Buffer): ReadLog {
  const reader = new EventReader({ file })
  const grouper = new TransactionReader({ file })
  const events: PrintedEvent[] = []
  const transactions: Transaction[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    for (const event of reader.push(bytes.subarray(at, at + CHUNK_BYTES))) {
      const { offset, timestamp, serverId } = event
      const raw = event.bytes
      events.push({
        offset,
        timestamp,
        serverId,
        logPosition: raw.readUInt32LE(13),
        crc32: raw.readUInt32LE(raw.length - 4),
      })
      const transaction = grouper.push(event)
      if (transaction !== undefined) transactions.push(transaction)
    }
  }
  reader.end()
  grouper.end()
  return { events, transactions }
}

function countedRows({ changes }: Transaction): string[] {
  const rows = changes.flatMap(({ database, table, inserted, updated, deleted }) => [
    ...Array<string>(inserted).fill(`inserted ${database}.${table}`),
    ...Array<string>(updated).fill(`updated ${database}.${table}`),
    ...Array<string>(deleted).fill(`deleted ${database}.${table}`),
  ])
  return rows.toSorted()
}
