import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { BinlogPosition } from '../../../src/coordinates/binlog-position.ts'
import { readBinlogStream } from '../../../src/server/replication/binlog-stream.ts'
import type { Server } from '../../../src/server/server.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { connected } from './connected.ts'

const MEBIBYTE = 1024 * 1024

describe('the binlog stream', () => {
  let source: TestServer
  let server: Server

  beforeAll(async () => {
    source = await startServer(flavor, { options: ['--max-allowed-packet=64M'] })
    server = await connected(source)
    await server.withSession(async (session) => {
      await session.run(['CREATE DATABASE s', 'CREATE TABLE s.t (id INT AUTO_INCREMENT PRIMARY KEY, b LONGBLOB)'])
      for (let i = 0; i < 20; i += 1) await session.query("INSERT INTO s.t (b) VALUES (REPEAT('r', ?))", [i * 1000])
      // Packets of more than 16 MiB come in pieces; one of exactly that many bytes is followed by an empty one.
      await session.query("INSERT INTO s.t (b) VALUES (REPEAT('x', ?))", [20 * MEBIBYTE])
      await session.query("INSERT INTO s.t (b) VALUES (REPEAT('y', ?))", [32 * MEBIBYTE])
      await session.run(['SET GLOBAL binlog_checksum = NONE', 'INSERT INTO s.t (b) VALUES (1)', 'FLUSH BINARY LOGS'])
      await session.run(['SET GLOBAL binlog_checksum = CRC32', 'INSERT INTO s.t (b) VALUES (2)'])
      // Checksums begin with a digit in 1 of 25 rotate events: a name must not gain one.
      for (let i = 0; i < 100; i += 1) await session.query('FLUSH BINARY LOGS')
      await session.query("INSERT INTO s.t (b) VALUES ('last')")
    })
  })

  afterAll(async () => source[Symbol.asyncDispose]())

  test('is byte for byte what lies in the files', async ({ skip }) => {
    const { dataDirectory } = source
    if (dataDirectory === undefined) return skip('the files of this server cannot be seen from here')
    const files = await server.withSession(async (session) => server.dialect.listBinlogs(session))
    const sent = await readAll({ file: files[0]?.file ?? '', offset: 4 })

    expect([...sent.keys()]).toEqual(files.map(({ file }) => file))
    for (const { file } of files) {
      const onDisk = withoutInUseFlag((await readFile(join(dataDirectory, file))).subarray(4))
      const same = withoutInUseFlag(sent.get(file) ?? Buffer.alloc(0)).equals(onDisk)
      expect({ file, same }).toEqual({ file, same: true })
    }
  })

  test('begins at any event, without what the server makes up for replicas', async () => {
    const [first] = await server.withSession(async (session) => server.dialect.listBinlogs(session))
    const file = first?.file ?? ''
    const whole = (await readAll({ file, offset: 4 })).get(file) ?? Buffer.alloc(0)
    let offset = 4
    for (let i = 0; i < 20; i += 1) offset += whole.readUInt32LE(offset - 4 + 9)

    const rest = (await readAll({ file, offset })).get(file) ?? Buffer.alloc(0)
    expect(rest.equals(whole.subarray(offset - 4))).toBe(true)
  })

  test('is empty at the end of the log', async () => {
    const { position } = await server.withSession(async (session) => server.dialect.binlogEnd(session))
    expect(await readAll(position)).toEqual(new Map())
  })

  test('holds little in memory for a slow reader, and nothing on the server once it is left', async () => {
    const [first] = await server.withSession(async (session) => server.dialect.listBinlogs(session))
    for await (const batch of readBinlogStream(server, { from: { file: first?.file ?? '', offset: 4 } })) {
      expect(batch.length).toBeGreaterThan(0)
      await expect.poll(async () => dumpThreads(server)).toBe(1)
      break
    }
    await expect.poll(async () => dumpThreads(server)).toBe(0)
  })

  test('fails with what is wrong', async () => {
    const { position } = await server.withSession(async (session) => server.dialect.binlogEnd(session))
    const { file } = position
    await expect(readAll({ file: 'binlog.999999', offset: 4 })).rejects.toMatchObject({ code: 'BinlogGap' })
    await expect(readAll({ file, offset: 40_000_000 })).rejects.toMatchObject({ code: 'QueryFailed' })
    await expect(readAll({ file, offset: 2 ** 32 })).rejects.toMatchObject({ subject: `${file}:4294967296` })
    await expect(readAll(position, AbortSignal.abort())).rejects.toMatchObject({ code: 'Aborted' })
  })

  test('a connection that is cut is no end of the log', async () => {
    const [first] = await server.withSession(async (session) => server.dialect.listBinlogs(session))
    const reading = (async () => {
      for await (const _batch of readBinlogStream(server, { from: { file: first?.file ?? '', offset: 4 } })) {
        await server.withSession(async (session) => {
          for (const id of await dumpThreadIds(server)) await session.query(`KILL ${id}`)
        })
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ConnectionFailed' })
  })

  async function readAll(from: BinlogPosition, signal?: AbortSignal): Promise<Map<string, Buffer>> {
    const chunks = new Map<string, Buffer[]>()
    for await (const batch of readBinlogStream(server, { from, signal })) {
      for (const { file, bytes } of batch) chunks.set(file, [...(chunks.get(file) ?? []), bytes])
    }
    return new Map([...chunks].map(([file, all]) => [file, Buffer.concat(all)]))
  }
})

async function dumpThreads(server: Server): Promise<number> {
  return (await dumpThreadIds(server)).length
}

async function dumpThreadIds(server: Server): Promise<readonly string[]> {
  return server.withSession(async (session) =>
    session.column("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"),
  )
}

// A server sets it while it writes, and may never clear it after a kill: byte 17 of the first event, bit 1.
function withoutInUseFlag(events: Buffer): Buffer {
  const copy = Buffer.from(events)
  copy.writeUInt16LE(copy.readUInt16LE(17) & ~1, 17)
  return copy
}
