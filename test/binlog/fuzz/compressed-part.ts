import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { EventType } from '../../../src/binlog/event-type.ts'
import type { LooseEvent } from './split-log.ts'

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const COMPRESSED_TYPES: ReadonlySet<number> = new Set([
  EventType.TransactionPayload,
  EventType.QueryCompressed,
  EventType.WriteRowsCompressedV1,
  EventType.UpdateRowsCompressedV1,
  EventType.DeleteRowsCompressedV1,
])

/** Whether something in an event is compressed. */
export function isCompressed({ type }: LooseEvent): boolean {
  return COMPRESSED_TYPES.has(type)
}

/** The event with its compressed part decompressed, changed by `change`, and compressed again with the right sizes. */
export function changeCompressed(event: LooseEvent, change: (bytes: Buffer) => Buffer): LooseEvent {
  const { type, body } = event
  if (type === EventType.TransactionPayload) return { ...event, body: changePayload(body, change) }
  for (let at = 0; at < body.length - 6; at++) {
    const lengthBytes = body[at]! & 7
    if ((body[at]! & 0xf8) !== 0x80 || lengthBytes < 1 || lengthBytes > 4) continue
    if (body[at + 1 + lengthBytes] !== 0x78) continue
    const inflated = tryInflate(body.subarray(at + 1 + lengthBytes))
    if (inflated?.length !== body.readUIntBE(at + 1, lengthBytes)) continue
    const changed = change(inflated)
    const head = Buffer.alloc(5)
    head[0] = 0x84
    head.writeUInt32BE(changed.length, 1)
    return { ...event, body: Buffer.concat([body.subarray(0, at), head, deflateSync(changed)]) }
  }
  return event
}

/** The body of a Transaction_payload event. */
export function payloadBody(compressed: Buffer, claimedBytes: number): Buffer {
  const zstd = Buffer.from([2, 1, 0])
  const claimed = Buffer.concat([Buffer.from([3, 9]), packed(claimedBytes)])
  const size = Buffer.concat([Buffer.from([1, 9]), packed(compressed.length)])
  return Buffer.concat([zstd, claimed, size, Buffer.from([0]), compressed])
}

/** A number in the longest of MySQL's packed forms. */
function packed(number: number): Buffer {
  const bytes = Buffer.alloc(9, 254)
  bytes.writeBigUInt64LE(BigInt(number), 1)
  return bytes
}

function changePayload(body: Buffer, change: (bytes: Buffer) => Buffer): Buffer {
  const at = body.indexOf(ZSTD_MAGIC)
  if (at < 0) return body
  const changed = change(tryDecompress(body.subarray(at)) ?? Buffer.alloc(0))
  return payloadBody(zstdCompressSync(changed), changed.length)
}

// An edit before this one may have damaged it.
function tryDecompress(bytes: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(bytes)
  } catch {
    return undefined
  }
}

function tryInflate(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes)
  } catch {
    return undefined
  }
}
