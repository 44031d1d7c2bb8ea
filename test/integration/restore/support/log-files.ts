import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReplayFile } from '../../../../src/restore/replay/replayer.ts'
import type { TestServer } from '../../../support/servers/index.ts'
import { run } from './query.ts'

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
  return { ...file, transactions: () => stream(chunks) }
}

/** The bytes a file would send. */
export async function bytesOf(file: ReplayFile): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const { bytes } of file.transactions()) chunks.push(bytes)
  return Buffer.concat(chunks)
}

async function events(server: TestServer, file: string): Promise<readonly EventPlace[]> {
  const rows = await run(server, [`SHOW BINLOG EVENTS IN '${file}'`])
  return rows.map((row) => ({ type: row['Event_type'], from: Number(row['Pos']) }))
}

function replayFile(file: string, bytes: Buffer, places: readonly EventPlace[]): ReplayFile {
  const first = places.find(({ type }) => /^(?:Anonymous_)?Gtid$/i.test(type))?.from ?? bytes.length
  const last = places.findLast(({ type }) => /^(?:Rotate|Stop)$/i.test(type))?.from ?? bytes.length
  const body = bytes.subarray(first, Math.max(first, last))
  return {
    file,
    head: bytes.subarray(0, places[1]?.from ?? first),
    format: { serverVersion: '', checksum: 'crc32' },
    // In odd pieces: where chunks end must not matter.
    transactions: () => stream(pieces(body, 1_000)),
  }
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

async function* stream(chunks: readonly Uint8Array[]): ReturnType<ReplayFile['transactions']> {
  for (const bytes of chunks) {
    await Promise.resolve()
    yield { bytes, counts: { transactions: 0, rowEvents: 0, rows: 0 } }
  }
}
