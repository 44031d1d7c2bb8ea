import { createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { ByteCursor } from './byte-cursor.ts'
import { EventType, eventTypeName } from './event-type.ts'
import { BinlogEvent, HEADER_BYTES, LENGTH_AT, readUint32 } from './event.ts'
import { corruptBinlog, unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'

// Fields of a Transaction_payload event (payload_event_buffer_istream and codecs/binary.cpp): type, length, value, all
// packed integers, up to the end mark; then the payload itself.
const Field = { End: 0, PayloadSize: 1, Compression: 2, UncompressedSize: 3 } as const
/** Events that stand alone in a file, or outside of the payload; above all, no payload lies inside another. */
const NEVER_COMPRESSED: ReadonlySet<number> = new Set([
  EventType.FormatDescription,
  EventType.Rotate,
  EventType.Stop,
  EventType.PreviousGtids,
  EventType.Gtid,
  EventType.AnonymousGtid,
  EventType.GtidTagged,
  EventType.TransactionPayload,
])
const Compression = { Zstd: 0, None: 255 } as const

/** `Z_MIN_CHUNK`, the least that zlib takes. */
const MIN_CHUNK_BYTES = 64

/** How much of a large transaction is unpacked at a time. */
const CHUNK_BYTES = 1024 * 1024

/** The largest transaction that is looked into: its events are decompressed in one piece, in memory. */
const MAX_PAYLOAD_BYTES = 2 ** 30

/**
 * Decompresses a Transaction_payload event
 * ([binlog_transaction_compression](https://dev.mysql.com/doc/refman/en/binary-log-transaction-compression.html)) and
 * returns the events in it. They have no checksums and no positions of their own: their `offset` is the payload event's.
 */
export function readTransactionPayload(event: BinlogEvent): Iterable<BinlogEvent> {
  const { isCompressed, uncompressedBytes, payload } = readFields(event.body, event)
  if (!isCompressed) return cutEvents(payload, event)
  if (uncompressedBytes > MAX_PAYLOAD_BYTES) throw unsupportedEvent(event, tooLarge(uncompressedBytes))
  const bytes = decompress(payload, uncompressedBytes, event)
  if (bytes.length !== uncompressedBytes) throw wrongSize(event, bytes.length, uncompressedBytes)
  return cutEvents(bytes, event)
}

/** Why a Transaction_payload event cannot be looked into; undefined when it can. */
export function payloadObstacle(event: BinlogEvent): string | undefined {
  const { isCompressed, uncompressedBytes } = readFields(event.body, event)
  return isCompressed && uncompressedBytes > MAX_PAYLOAD_BYTES ? tooLarge(uncompressedBytes) : undefined
}

function tooLarge(uncompressedBytes: number): string {
  return `a compressed transaction of ${uncompressedBytes} bytes, which is more than the ${MAX_PAYLOAD_BYTES} that are unpacked`
}

/** Size of the events in a Transaction_payload event. */
export function unpackedBytes(event: BinlogEvent): number {
  return readFields(event.body, event).uncompressedBytes
}

/**
 * The same as {@link readTransactionPayload} with no more in memory than an event and the chunk it ends in, for those that
 * are large. The events stay valid.
 */
export async function* streamTransactionPayload(event: BinlogEvent): AsyncGenerator<BinlogEvent, void, undefined> {
  const { isCompressed, uncompressedBytes, payload } = readFields(event.body, event)
  if (!isCompressed) return yield* cutEvents(payload, event)
  let bytes = 0
  /** An event that is not complete. */
  let chunks: Buffer[] = []
  let held = 0
  for await (const chunk of inflate(payload, event)) {
    bytes += chunk.length
    if (bytes > uncompressedBytes) break
    chunks.push(chunk)
    held += chunk.length
    const [first] = chunks
    if (held < HEADER_BYTES || (first!.length >= HEADER_BYTES && held < lengthOf(first!, 0))) continue
    const whole = Buffer.concat(chunks)
    const end = endOfEvents(whole)
    yield* cutEvents(whole.subarray(0, end), event)
    chunks = [whole.subarray(end)]
    held = whole.length - end
  }
  if (bytes !== uncompressedBytes) throw wrongSize(event, bytes, uncompressedBytes)
  yield* cutEvents(Buffer.concat(chunks), event)
}

async function* inflate(payload: Buffer, place: LogPlace): AsyncGenerator<Buffer, void, undefined> {
  const stream = createZstdDecompress({ chunkSize: CHUNK_BYTES })
  stream.end(payload)
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (cause) {
    throw cannotDecompress(place, cause)
  } finally {
    stream.destroy()
  }
}

interface PayloadFields {
  readonly isCompressed: boolean
  readonly uncompressedBytes: number
  readonly payload: Buffer
}

function readFields(body: Buffer, place: BinlogEvent): PayloadFields {
  const cursor = new ByteCursor(body, place)
  let compression: number = Compression.None
  let payloadBytes: number | undefined
  let uncompressedBytes: number | undefined
  for (let type = cursor.packed(); type !== Field.End; type = cursor.packed()) {
    const length = cursor.packed()
    const value = new ByteCursor(cursor.view(length), place)
    if (type === Field.PayloadSize) payloadBytes = value.packed()
    else if (type === Field.Compression) compression = value.packed()
    else if (type === Field.UncompressedSize) uncompressedBytes = value.packed()
    // Other fields are newer than this code and described by their length: the server passes over them, too.
  }
  if (payloadBytes !== cursor.left) {
    throw cursor.corrupt(`a payload of ${payloadBytes ?? 'unknown'} bytes is followed by ${cursor.left} bytes`)
  }
  const payload = cursor.view(payloadBytes)
  if (compression === Compression.None) return { isCompressed: false, uncompressedBytes: payloadBytes, payload }
  if (compression !== Compression.Zstd) throw unsupportedEvent(place, `payload compression ${compression} is unknown`)
  if (uncompressedBytes === undefined) throw corruptBinlog(place, 'a compressed payload does not tell its size')
  return { isCompressed: true, uncompressedBytes, payload }
}

function decompress(payload: Buffer, uncompressedBytes: number, place: LogPlace): Buffer {
  try {
    // The limit keeps a damaged or hostile payload from growing beyond what the event says. In one chunk with room for a
    // byte more nothing is copied together at the end.
    return zstdDecompressSync(payload, {
      maxOutputLength: Math.max(1, uncompressedBytes),
      chunkSize: Math.max(MIN_CHUNK_BYTES, uncompressedBytes + 1),
    })
  } catch (cause) {
    throw cannotDecompress(place, cause)
  }
}

function cannotDecompress(place: LogPlace, cause: unknown): Error {
  return corruptBinlog(place, 'a compressed transaction cannot be decompressed', cause)
}

function wrongSize(place: LogPlace, bytes: number, claimed: number): Error {
  return corruptBinlog(place, `a payload holds ${bytes} bytes, not the ${claimed} it claims`)
}

/** Where the last whole event ends. */
function endOfEvents(bytes: Buffer): number {
  let at = 0
  while (bytes.length - at >= HEADER_BYTES) {
    const length = lengthOf(bytes, at)
    if (length > bytes.length - at) break
    at += length
  }
  return at
}

/** Length of the event that begins at `at`; of one that cannot be, all there is, for the error to come. */
function lengthOf(bytes: Buffer, at: number): number {
  const length = readUint32(bytes, at + LENGTH_AT)
  return length < HEADER_BYTES ? bytes.length - at : length
}

/** One by one: a gigabyte of small events is not to become many gigabytes of objects. */
function* cutEvents(bytes: Buffer, { file, offset }: LogPlace): Generator<BinlogEvent, void, undefined> {
  let at = 0
  while (at < bytes.length) {
    const length = bytes.length - at < HEADER_BYTES ? 0 : readUint32(bytes, at + LENGTH_AT)
    if (length < HEADER_BYTES || length > bytes.length - at) {
      throw corruptBinlog(
        { file, offset },
        `an event inside the compressed transaction cannot have a length of ${length} bytes`,
      )
    }
    const event = new BinlogEvent(file, bytes, at, length, offset, 0)
    if (NEVER_COMPRESSED.has(event.type)) {
      throw corruptBinlog({ file, offset }, `a ${eventTypeName(event.type)} event inside a compressed transaction`)
    }
    yield event
    at += length
  }
}
