import { expect, test } from 'vitest'
import { binlogRequest } from '../../src/server/replication/apply-events.ts'
import { outgoingPacket } from '../../src/server/replication/raw-commands.ts'

const COM_QUERY = 3

// Around the pieces in which it is encoded, and with every remainder by three.
test.each([0, 1, 2, 3, 4, 100, 49_151, 49_152, 49_153, 98_304, 98_305, 200_000])(
  'the text of %i bytes of events is in the packet, with the attributes there are or not',
  (bytes) => {
    const events = cut(Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7919) % 251)))
    const text = `BINLOG '${Buffer.concat(events).toString('base64')}'`
    for (const hasAttributes of [false, true]) {
      const packet = binlogRequest(events, hasAttributes)
      packet.writeHeader(5)
      const { buffer } = packet
      expect([buffer.readUIntLE(0, 3), buffer[3], buffer[4]]).toEqual([buffer.length - 4, 5, COM_QUERY])
      expect(buffer.subarray(5, -text.length)).toEqual(Buffer.from(hasAttributes ? [0, 1] : []))
      expect(buffer.toString('latin1', buffer.length - text.length)).toBe(text)
    }
  },
)

test('an empty packet follows one that fills several to the last byte', () => {
  const most = 2 ** 24 - 1
  const lengths = [1, most - 1, most, most + 1, 2 * most].map((length) =>
    outgoingPacket(Buffer.alloc(4 + length)).length(),
  )
  expect(lengths).toEqual([1, most - 1, most + 1, most + 1, 2 * most + 1])
})

/** In events of odd sizes. */
function cut(bytes: Buffer): readonly Buffer[] {
  const events: Buffer[] = []
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 5) % 10_007) {
    events.push(bytes.subarray(at, at + size))
  }
  return events
}
