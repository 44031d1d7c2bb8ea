import type { LogFormat } from '../image/segment.ts'
import { CHECKSUM_BYTES, LENGTH_AT } from './event.ts'
import type { BinlogEvent } from './event.ts'
import { writeChecksum } from './write-checksum.ts'

/** The bytes of an event as its file would hold it: those of compressed transactions have no checksum of their own. */
export function bytesForFile(event: BinlogEvent, { checksum }: LogFormat): Uint8Array {
  const { bytes, checksumBytes } = event
  if (checksum === 'none' || checksumBytes > 0) return bytes
  const whole = Buffer.alloc(bytes.length + CHECKSUM_BYTES)
  bytes.copy(whole)
  whole.writeUInt32LE(whole.length, LENGTH_AT)
  writeChecksum(whole)
  return whole
}
