import { crc32 } from 'node:zlib'
import { CHECKSUM_BYTES } from './event.ts'

/** Writes the CRC32 of a whole event into its last four bytes, which are kept for it. */
export function writeChecksum(event: Buffer): void {
  const end = event.length - CHECKSUM_BYTES
  event.writeUInt32LE(crc32(event.subarray(0, end)), end)
}
