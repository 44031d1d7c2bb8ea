import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EventReader } from '../../../src/binlog/event-reader.ts'
import { EventType } from '../../../src/binlog/event-type.ts'
import { readFileHead } from '../../../src/binlog/file-head.ts'
import { TransactionReader } from '../../../src/binlog/transaction-reader.ts'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import { printLog } from './printed-log.ts'
import type { PrintedEvent, PrintedLog } from './printed-log.ts'
import { runMixedWorkload, runWorkload } from './workload.ts'

/** Chunks as an archiver would read them. */
const CHUNK_BYTES = 256 * 1024

/** The word by which the vendors' programs call a type. */
const PRINTED_AS: ReadonlyMap<number, string> = new Map([
  [EventType.Query, 'Query'],
  [EventType.Stop, 'Stop'],
  [EventType.Rotate, 'Rotate'],
  [EventType.Intvar, 'Intvar'],
  [EventType.Rand, 'Rand'],
  [EventType.UserVar, 'User_var'],
  [EventType.FormatDescription, 'Start'],
  [EventType.Xid, 'Xid'],
  // On a line of their own.
  [EventType.BeginLoadQuery, ''],
  [EventType.AppendBlock, ''],
  [EventType.ExecuteLoadQuery, 'Execute_load_query'],
  [EventType.TableMap, 'Table_map'],
  [EventType.WriteRowsV1, 'Write_rows'],
  [EventType.UpdateRowsV1, 'Update_rows'],
  [EventType.DeleteRowsV1, 'Delete_rows'],
  [EventType.RowsQuery, 'Rows_query'],
  [EventType.WriteRows, 'Write_rows'],
  [EventType.UpdateRows, 'Update_rows'],
  [EventType.DeleteRows, 'Delete_rows'],
  [EventType.Gtid, 'GTID'],
  [EventType.AnonymousGtid, 'Anonymous_GTID'],
  [EventType.PreviousGtids, 'Previous-GTIDs'],
  [EventType.XaPrepare, flavor === 'mysql' ? 'XA' : 'XID'],
  [EventType.PartialUpdateRows, 'Update_rows_partial'],
  [EventType.TransactionPayload, 'Transaction_Payload'],
  [EventType.GtidTagged, 'GTID'],
  [EventType.AnnotateRows, 'Annotate_rows'],
  [EventType.BinlogCheckpoint, 'Binlog'],
  [EventType.MariadbGtid, 'GTID'],
  [EventType.GtidList, 'Gtid'],
  [EventType.QueryCompressed, 'Query_compressed'],
  [EventType.WriteRowsCompressedV1, 'Write_rows'],
  [EventType.UpdateRowsCompressedV1, 'Update_rows'],
  [EventType.DeleteRowsCompressedV1, 'Delete_rows'],
])

interface ReadLog {
  readonly events: readonly PrintedEvent[]
  readonly transactions: readonly Transaction[]
}

interface ComparedLog {
  readonly file: string
  readonly bytes: Buffer
  readonly ours: ReadLog
  readonly printed: PrintedLog
}

const WITHOUT_GTIDS =
  flavor === 'mysql' ? ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] : ['--log-bin-compress=ON']
/** The only table of the workload that has no transactions. */
const MYISAM_TABLE = 'my'
const logs: ComparedLog[] = []
let filesWithGtids = 0

beforeAll(async () => {
  logs.push(...(await recordLogs([], (session, other) => runWorkload(session, other, flavor))))
  filesWithGtids = logs.length
  const options = ['--binlog-format=MIXED', '--binlog-checksum=NONE', ...WITHOUT_GTIDS]
  logs.push(...(await recordLogs(options, (session) => runMixedWorkload(session, flavor))))
}, 600_000)

/** All logs but the one that is still being written. */
async function recordLogs(
  options: readonly string[],
  run: (session: Connection, other: Connection) => Promise<void>,
): Promise<ComparedLog[]> {
  await using server = await startServer(flavor, { options: ['--local-infile=ON', ...options] })
  const { dataDirectory } = server
  if (dataDirectory === undefined) return []
  const other = await createConnection(server.connection)
  await other.query('SET GLOBAL max_allowed_packet = 256 * 1024 * 1024')
  const session = await createConnection(server.connection)
  await run(session, other)
  await session.end()
  await other.end()
  const files = (await readdir(dataDirectory)).filter((name) => /\.\d{6}$/.test(name)).toSorted()
  const recorded: ComparedLog[] = []
  for (const file of files.slice(0, -1)) {
    const bytes = await readFile(join(dataDirectory, file))
    recorded.push({
      file,
      bytes,
      ours: readLog(file, bytes),
      printed: await printLog(server.clientPrograms, flavor, bytes),
    })
  }
  return recorded
}

beforeEach((context) => {
  context.skip(logs.length === 0, 'the binlog files of this server are not on this machine')
})

describe('a real workload reads as the vendor’s own program prints it', () => {
  test('event by event: offset, end, type, time, server and checksum', () => {
    expect(filesWithGtids).toBe(7)
    expect(logs.length).toBe(filesWithGtids + 1)
    for (const { file, ours, printed } of logs) {
      // One by one: a difference of thousands of events cannot be read.
      for (const [i, event] of ours.events.entries()) expect([file, i, event]).toEqual([file, i, printed.events[i]])
      expect(printed.events.length).toBe(ours.events.length)
    }
  })

  test('the GTID of every transaction', () => {
    for (const { ours, printed } of logs) expect(ours.transactions.map(({ gtid }) => gtid)).toEqual(printed.gtids)
  })

  test('the commit time of every transaction', () => {
    for (const { ours, printed } of logs) {
      const times = ours.transactions.map(({ commitTime }) => commitTime.epochMicroseconds)
      const lastEvents = new Map(
        ours.events.map(({ offset, timestamp }, i) => [
          ours.events[i + 1]?.offset,
          timestamp + (printed.secondsRun.get(offset) ?? 0),
        ]),
      )
      const expected =
        flavor === 'mysql'
          ? printed.commitMicroseconds
          : ours.transactions.map(({ end }) => lastEvents.get(end)! * 1_000_000)
      expect(times).toEqual(expected)
    }
  })

  test('only rows of transactional tables are all of a transaction', () => {
    // Rows with an obstacle are those that MariaDB logged in part.
    const isRow = ({ kind, obstacle }: Transaction) => kind === 'row' && obstacle === undefined
    const rows = logs.flatMap(({ ours }) => ours.transactions).filter(isRow)
    const complete = rows.filter(({ rowsObstacle }) => rowsObstacle === undefined)
    expect(complete.length).toBeGreaterThan(60)
    expect(complete).toEqual(rows.filter(({ changes }) => changes.every(({ table }) => table !== MYISAM_TABLE)))
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

  test('the files of one server have different identities, and know what was executed before', () => {
    const heads = logs
      .slice(0, filesWithGtids)
      .map(({ bytes }) => readFileHead('binlog.000001', new EventReader({ file: 'binlog.000001' }).push(bytes)))
    expect(new Set(heads.map((head) => head?.fileId)).size).toBe(heads.length)
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
        crc32: reader.format?.checksum === 'crc32' ? raw.readUInt32LE(raw.length - 4) : undefined,
        what: PRINTED_AS.get(event.type) ?? `type ${event.type}`,
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
