import { inflateSync } from 'node:zlib'
import { MAX_EVENT_BYTES } from './event.ts'
import { corruptBinlog, unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'

/** `Z_MIN_CHUNK`, the least that zlib takes. */
const MIN_CHUNK_BYTES = 64

/**
 * Inflates the compressed part of a MariaDB event
 * ([log_bin_compress](https://mariadb.com/docs/server/server-management/server-monitoring-logs/binary-log/compressing-events-to-reduce-size-of-the-binary-log)).
 *
 * `binlog_buf_compress` in log_event.cc: one byte whose top bit is set, bits 4 to 6 the algorithm (0: zlib) and bits 0 to 2 the
 * number of bytes of the length that follows, most significant first; then a zlib stream.
 */
export function inflateMariadb(bytes: Buffer, place: LogPlace): Buffer {
  const { start, length } = readHead(bytes, place)
  const inflated = inflate(bytes.subarray(start), length, place)
  if (inflated.length !== length) {
    throw corruptBinlog(place, `a compressed event holds ${inflated.length} bytes, not the ${length} it claims`)
  }
  return inflated
}

/** How many bytes {@link inflateMariadb} would return. */
export function inflatedLength(bytes: Buffer, place: LogPlace): number {
  return readHead(bytes, place).length
}

function readHead(bytes: Buffer, place: LogPlace): { readonly start: number; readonly length: number } {
  const head = bytes[0] ?? 0
  const lengthBytes = head & 0x07
  if ((head & 0x80) === 0 || lengthBytes < 1 || lengthBytes > 4 || bytes.length < 1 + lengthBytes) {
    throw corruptBinlog(place, 'the head of a compressed event is invalid')
  }
  if ((head & 0x70) !== 0) throw unsupportedEvent(place, `compression algorithm ${(head & 0x70) >> 4} is unknown`)
  const length = bytes.readUIntBE(1, lengthBytes)
  if (length > MAX_EVENT_BYTES) throw corruptBinlog(place, `a compressed event claims to hold ${length} bytes`)
  return { start: 1 + lengthBytes, length }
}

function inflate(bytes: Buffer, length: number, place: LogPlace): Buffer {
  try {
    // The limit keeps a damaged or hostile stream from growing beyond what the event says.
    // In one chunk with room for a byte more nothing is copied together at the end.
    return inflateSync(bytes, {
      maxOutputLength: Math.max(1, length),
      chunkSize: Math.max(MIN_CHUNK_BYTES, length + 1),
    })
  } catch (cause) {
    throw corruptBinlog(place, 'a compressed event cannot be decompressed', cause)
  }
}
