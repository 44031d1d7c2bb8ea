import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { EventType } from '../../src/binlog/event-type.ts'
import { BinlogEvent, HEADER_BYTES } from '../../src/binlog/event.ts'
import { readTransactionPayload, streamTransactionPayload } from '../../src/binlog/transaction-payload.ts'
import { payloadBody } from './fuzz/compressed-part.ts'

const MIB = 2 ** 20

test('a streamed payload holds the same events as one unpacked at once, wherever its chunks end', async () => {
  const lengths = fc.oneof(
    fc.integer({ min: HEADER_BYTES, max: 200 }),
    // An event, or its header, across the end of a chunk.
    fc.integer({ min: MIB - 400, max: MIB }),
    fc.integer({ min: 2 * MIB, max: 3 * MIB }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(lengths, { maxLength: 6 }), async (wanted) => {
      const packed = payload(Buffer.concat(wanted.map((length) => innerEvent(length))))
      const streamed = await all(streamTransactionPayload(packed))
      expect(streamed.map(({ length }) => length)).toEqual(wanted)
      const whole = [...readTransactionPayload(packed)]
      expect(streamed.every(({ bytes }, i) => bytes.equals(whole[i]!.bytes))).toBe(true)
    }),
    { numRuns: 30 },
  )
})

const EVENTS = Buffer.concat([innerEvent(3 * MIB), innerEvent(50)])

test.each([
  ['claims too much', payload(EVENTS, EVENTS.length + 1)],
  ['claims too little', payload(EVENTS, EVENTS.length - 1)],
  ['ends inside an event', payload(EVENTS.subarray(0, -1))],
  ['ends inside a header', payload(EVENTS.subarray(0, -40))],
  ['has an event that cannot be', payload(Buffer.concat([EVENTS, Buffer.alloc(HEADER_BYTES)]))],
  ['is no zstd', payload(EVENTS, EVENTS.length, Buffer.alloc(100))],
])('a streamed payload that %s is CorruptBinlog', async (_, packed) => {
  await expect(all(streamTransactionPayload(packed))).rejects.toMatchObject({ code: 'CorruptBinlog' })
})

function payload(bytes: Buffer, claimed = bytes.length, compressed = zstdCompressSync(bytes)): BinlogEvent {
  const body = payloadBody(compressed, claimed)
  const header = Buffer.alloc(HEADER_BYTES)
  header[4] = EventType.TransactionPayload
  return new BinlogEvent('binlog.000001', Buffer.concat([header, body]), 0, HEADER_BYTES + body.length, 4711, 0)
}

function innerEvent(length: number): Buffer {
  const event = randomBytes(length)
  event[4] = EventType.WriteRows
  event.writeUInt32LE(length, 9)
  return event
}

async function all(events: AsyncIterable<BinlogEvent>): Promise<BinlogEvent[]> {
  const taken: BinlogEvent[] = []
  for await (const event of events) taken.push(event)
  return taken
}
