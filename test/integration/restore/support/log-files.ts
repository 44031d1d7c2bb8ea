import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EventReader } from '../../../../src/binlog/event-reader.ts'
import { CHECKSUM_BYTES } from '../../../../src/binlog/event.ts'
import type { BinlogEvent } from '../../../../src/binlog/event.ts'
import { TransactionReader } from '../../../../src/binlog/transaction-reader.ts'
import type { ReplayChunk, ReplayFile } from '../../../../src/restore/replay/replayer.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { run } from './query.ts'

const CHUNK_BYTES = 1_000

/** Where an event begins in its file. */
interface EventPlace {
  readonly type: string
  readonly from: number
}

/** All binlog files of a server as a replayer takes them: from the first transaction of each to its last. */
export async function logFiles(server: TestServer): Promise<readonly ReplayFile[]> {
  if (server.dataDirectory === undefined) throw new Error('the data directory of this test server is elsewhere')
  const files: ReplayFile[] = []
  for (const { Log_name: file } of await run(server, ['SHOW BINARY LOGS'])) {
    const bytes = await readFile(join(server.dataDirectory, file))
    files.push(replayFile(file, bytes, await events(server, file)))
  }
  return files
}

/** One file with other bytes behind its head. */
export function withTransactions(file: ReplayFile, chunks: readonly Uint8Array[]): ReplayFile {
  // Damaged bytes are no events; what only passes bytes on, which have their checksums, sees no difference.
  const passedOn = (bytes: Uint8Array) =>
    ({ bytes, checksumBytes: CHECKSUM_BYTES, offset: 0, end: bytes.length }) as BinlogEvent
  return {
    ...file,
    transactions: () => stream(chunks.map((bytes) => ({ events: [passedOn(bytes)], transactions: [] }))),
  }
}

/** The bytes a file would send. */
export async function bytesOf(file: ReplayFile): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const { events } of file.transactions()) for (const { bytes } of events) chunks.push(Buffer.from(bytes))
  return Buffer.concat(chunks)
}

async function events(server: TestServer, file: string): Promise<readonly EventPlace[]> {
  const rows = await run(server, [`SHOW BINLOG EVENTS IN '${file}'`])
  return rows.map((row) => ({ type: row['Event_type'], from: Number(row['Pos']) }))
}

function replayFile(file: string, bytes: Buffer, places: readonly EventPlace[]): ReplayFile {
  const first = places.find(({ type }) => /^(?:Anonymous_)?Gtid$/i.test(type))?.from ?? bytes.length
  const last = places.findLast(({ type }) => /^(?:Rotate|Stop)$/i.test(type))?.from ?? bytes.length
  const format = { serverVersion: bytes.toString('latin1', 25, 75).replace(/\0.*$/s, ''), checksum: 'crc32' } as const
  return {
    file,
    fileId: file,
    head: bytes.subarray(0, places[1]?.from ?? first),
    format,
    usesTemporaryTables: true,
    largeStatements: new Set(),
    uncounted: new Set(),
    // In odd pieces: where chunks end must not matter.
    transactions: () => stream(chunksOf(bytes.subarray(first, Math.max(first, last)), { file, offset: first, format })),
  }
}

function* chunksOf(
  bytes: Buffer,
  { file, offset, format }: Pick<ReplayFile, 'file' | 'format'> & { readonly offset: number },
): Generator<ReplayChunk> {
  const reader = new EventReader({ file, start: { offset, format } })
  const grouper = new TransactionReader({ file, format })
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const events = reader.push(bytes.subarray(at, at + CHUNK_BYTES))
    yield { events, transactions: events.flatMap((event) => grouper.push(event) ?? []) }
  }
}

async function* stream(chunks: Iterable<ReplayChunk>): ReturnType<ReplayFile['transactions']> {
  for (const chunk of chunks) {
    await Promise.resolve()
    yield chunk
  }
}
