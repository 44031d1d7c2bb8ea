import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { EventType } from '../../src/binlog/event-type.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'
import type { Transaction } from '../../src/binlog/transaction.ts'

/** Every recorded log. */
export const FIXTURES = [
  'mysql-full.000001',
  'mysql-full.000002',
  'mysql-no-checksum.000001',
  'mysql-killed.000001',
  'mariadb-full.000001',
  'mariadb-full.000002',
  'mariadb-no-checksum.000001',
  'mariadb-killed.000001',
] as const

/** The bytes of a recorded log. */
export function fixture(name: (typeof FIXTURES)[number]): Buffer {
  return readFileSync(join(import.meta.dirname, 'fixtures', name))
}

/** What is left of an event when its bytes are gone. */
export interface SeenEvent {
  readonly type: number
  readonly offset: number
  readonly timestamp: number
  readonly bytes: string
}

/** What was read. */
export interface Reading {
  readonly events: readonly SeenEvent[]
  readonly transactions: readonly Transaction[]
  readonly boundaries: readonly number[]
}

/** Reads chunks of a file to their end. */
export function read(chunks: Iterable<Uint8Array>): Reading {
  const reader = new EventReader({ file: 'binlog.000001' })
  const grouper = new TransactionReader({ file: 'binlog.000001' })
  const events: SeenEvent[] = []
  const transactions: Transaction[] = []
  const boundaries: number[] = []
  for (const chunk of chunks) {
    for (const event of reader.push(chunk)) {
      const { type, offset, timestamp } = event
      events.push({ type, offset, timestamp, bytes: event.bytes.toString('hex') })
      const transaction = grouper.push(event)
      if (transaction !== undefined) transactions.push(transaction)
      if (grouper.atBoundary) boundaries.push(grouper.boundary)
    }
  }
  reader.end()
  grouper.end()
  return { events, transactions, boundaries }
}

/** Makes a log with checksums out of event bodies. The format description is a recorded one. */
export class LogBuilder {
  readonly #chunks: Buffer[]
  #length: number

  constructor(flavor: 'mysql' | 'mariadb' = 'mysql') {
    const recorded = fixture(`${flavor}-full.000001`)
    this.#length = 4 + recorded.readUInt32LE(4 + 9)
    this.#chunks = [recorded.subarray(0, this.#length)]
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get length(): number {
    return this.#length
  }

  /** Adds an event; anything of its header can be made wrong. */
  add(
    type: number,
    body: Uint8Array | string = '',
    { flags = 0, timestamp = 1_800_000_000, length, position }: Partial<Header> = {},
  ): this {
    const content = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
    const real = 19 + content.length + 4
    const header = Buffer.alloc(19)
    header.writeUInt32LE(timestamp, 0)
    header[4] = type
    header.writeUInt32LE(1, 5)
    header.writeUInt32LE(length ?? real, 9)
    header.writeUInt32LE(position ?? this.#length + real, 13)
    header.writeUInt16LE(flags, 17)
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(crc32(content, crc32(header)))
    this.#chunks.push(header, Buffer.from(content), checksum)
    this.#length += real
    return this
  }

  /** Adds a Query event. */
  query(
    sql: string | Buffer,
    { database = 'shop', secondsRun = 0, ...header }: Partial<Header> & { database?: string; secondsRun?: number } = {},
  ): this {
    const head = Buffer.alloc(13)
    head.writeUInt32LE(secondsRun, 4)
    head[8] = Buffer.byteLength(database)
    return this.add(EventType.Query, Buffer.concat([head, Buffer.from(`${database}\0`), Buffer.from(sql)]), header)
  }

  /** Adds a GTID event of MySQL. */
  gtid(number: number, commitMicroseconds?: number): this {
    const body = Buffer.alloc(commitMicroseconds === undefined ? 42 : 49)
    body.fill(0xab, 1, 17)
    body.writeBigUInt64LE(BigInt(number), 17)
    body[25] = 2
    if (commitMicroseconds !== undefined) body.writeUIntLE(commitMicroseconds % 2 ** 48, 42, 6)
    if (commitMicroseconds !== undefined) body[48] = Math.floor(commitMicroseconds / 2 ** 48)
    return this.add(EventType.Gtid, body)
  }

  /** Adds a GTID event of MariaDB. */
  mariadbGtid(sequence: bigint, flags: number): this {
    const body = Buffer.alloc(19)
    body.writeBigUInt64LE(sequence, 0)
    body[12] = flags
    return this.add(EventType.MariadbGtid, body)
  }
}

interface Header {
  readonly flags: number
  readonly timestamp: number
  readonly length: number
  readonly position: number
}
