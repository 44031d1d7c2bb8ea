import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../../src/archive/archive.ts'
import { readTransactions } from '../../../src/archive/read-transactions.ts'
import { clearInUse } from '../../../src/binlog/format-description.ts'
import type { Transaction } from '../../../src/binlog/transaction.ts'
import { FIRST_EVENT_OFFSET } from '../../../src/coordinates/binlog-position.ts'
import { SegmentChain } from '../../../src/image/segment-chain.ts'
import type { Segment } from '../../../src/image/segment.ts'
import { directoryStorage, mysqldump, RecoveryImageManager } from '../../../src/index.ts'
import { collect } from '../../storage/content.ts'
import { connect } from '../../support/connect.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'

describe('an archive pass', { timeout: 120_000 }, () => {
  let source: TestServer
  let admin: Connection
  let folder: string
  let manager: RecoveryImageManager

  beforeAll(async () => {
    source = await startServer(flavor, { options: ['--max-allowed-packet=64M'] })
    admin = await createConnection({ ...source.connection })
    await admin.query('CREATE DATABASE shop')
    await admin.query('CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, b LONGBLOB)')
    folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-archiver-'))
    manager = await RecoveryImageManager.create({ storage: directoryStorage(join(folder, 'archive')) })
    await using server = await connect(source)
    await manager.backup(server, { method: mysqldump() })
  })
  afterAll(async () => {
    admin.destroy()
    await source[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test('brings bytes that equal the files of the server, the active one included', async () => {
    await write(20)
    await pass()
    await write(5)
    await admin.query('INSERT INTO shop.t (b) VALUES (REPEAT("x", 3000000))')
    await pass()
    await admin.query('FLUSH BINARY LOGS')
    await write(5)
    await pass()
    await expectSameBytes()
  })

  test('takes events of three packets each, also while it is busy storing the ones before', async () => {
    // Two of them fill a segment, so the stream waits while that is stored, and the server is done before we are.
    for (let i = 0; i < 3; i++) await admin.query('INSERT INTO shop.t (b) VALUES (REPEAT("x", 35000000))')
    await pass()
    await expectSameBytes()
  })

  test('that finds nothing new writes no segment, but knows the archive to be complete until later', async () => {
    const first = await pass()
    const second = await pass()
    expect(second.segments).toEqual([])
    expect(second.end).toEqual(first.end)
    expect(second.coveredUntil.compare(first.coveredUntil)).toBeGreaterThan(0)
  })

  test('leaves an index of less than 1 % of the log, by which a search finds what reading all of it finds', async () => {
    await admin.query('CREATE TABLE shop.a LIKE shop.t')
    await admin.query('CREATE TABLE shop.b LIKE shop.t')
    for (let i = 0; i < 300; i++) {
      const table = i < 200 ? 'a' : 'b'
      await admin.query(`INSERT INTO shop.${table} (b) VALUES (REPEAT(?, 2000))`, [String.fromCharCode(97 + (i % 26))])
    }
    await admin.query('DELETE FROM shop.b')
    await pass()

    const archive = await Archive.open(directoryStorage(join(folder, 'archive')))
    const { segments } = await archive.readFacts((await archive.timeline()).id)
    const indexBytes = segments.reduce((sum, { index }) => sum + (index?.bytes ?? 0), 0)
    expect(indexBytes).toBeGreaterThan(0)
    expect(indexBytes).toBeLessThan(segments.reduce((sum, { from, to }) => sum + to - from, 0) / 100)
    const all: Transaction[] = []
    for (const segment of segments) all.push(...(await collect(readTransactions(archive, segment))))
    // CREATE DATABASE shop concerns every table in it.
    const inB = all.filter(({ changes }) => changes.some(({ table }) => table === 'b' || table === undefined))
    expect(inB).toHaveLength(103)
    const [first, last] = [inB[2]?.commitTime, inB[50]?.commitTime]
    const between = all.filter(({ commitTime }) => commitTime.compare(first!) >= 0 && commitTime.compare(last!) <= 0)
    for (const [filter, expected] of [
      [{ table: 'shop.b' }, inB],
      [{ table: 'shop.b', kind: 'ddl' }, inB.slice(0, 2)],
      [{ from: first, to: last }, between],
      [{}, all],
    ] as const) {
      const found = await collect(manager.transactions(filter))
      expect(found.map(({ start }) => start.offset)).toEqual(expected.map(({ start }) => start))
    }
  })

  test('goes on behind a crash of the server, whose file then has no end event', async () => {
    await write(3)
    await pass()
    await write(3)
    await source.kill('SIGKILL')
    await source.restart()
    admin = await createConnection({ ...source.connection })
    await write(3)
    await pass()
    await expectSameBytes()
  })

  test('next to another one leaves segments that join, whoever was faster', async () => {
    for (let round = 0; round < 5; round++) {
      const writing = write(20)
      const results = await Promise.allSettled([pass(), pass(), pass()])
      await writing
      const failures = results.filter(({ status }) => status === 'rejected')
      expect(failures).toEqual([])
    }
    await pass()
    await expectSameBytes()
  })

  async function write(transactions: number): Promise<void> {
    for (let i = 0; i < transactions; i++) await admin.query('INSERT INTO shop.t (b) VALUES (?)', [`row ${i}`])
  }

  async function pass(): ReturnType<RecoveryImageManager['archive']> {
    await using server = await connect(source)
    return await manager.archive(server)
  }

  async function expectSameBytes(): Promise<void> {
    const archive = await Archive.open(directoryStorage(join(folder, 'archive')))
    const timeline = await archive.timeline()
    const { segments } = await archive.readFacts(timeline.id)
    // Throws when they do not join.
    SegmentChain.of(flavor, segments)
    for (const [file, parts] of Map.groupBy(segments, (segment) => segment.file)) {
      const archived = Buffer.concat(await Promise.all(parts.map((part) => bytesOf(archive, part))))
      const onServer = await readFile(join(source.dataDirectory ?? '', file))
      clearInUse(onServer.subarray(FIRST_EVENT_OFFSET))
      expect(archived.equals(onServer.subarray(0, archived.length))).toBe(true)
      expect(onServer.length - archived.length).toBe(0)
    }
  }
})

async function bytesOf(archive: Archive, segment: Segment): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of archive.readSegment(segment)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
