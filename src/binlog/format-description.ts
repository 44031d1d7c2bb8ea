import { crc32 } from 'node:zlib'
import type { Flavor } from '../coordinates/flavor.ts'
import type { LogFormat } from '../image/segment.ts'
import { CHECKSUM_BYTES, EventFlag, HEADER_BYTES } from './event.ts'
import { corruptBinlog, unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'
import { writeChecksum } from './write-checksum.ts'

/** What a file's format description event says. */
export interface FormatDescription extends LogFormat {
  /** Who wrote the file. */
  readonly flavor: Flavor
  /** Seconds since the epoch when the server started, in the first file after a start; 0 in files made by rotation. */
  readonly createdAt: number
}

// Format_description_event in MySQL's control_events.h: version, server version, creation time, header length, then
// one post-header length for each event type.
const SERVER_VERSION_AT = HEADER_BYTES + 2
const SERVER_VERSION_BYTES = 50
const CREATED_AT = SERVER_VERSION_AT + SERVER_VERSION_BYTES
const HEADER_LENGTH_AT = CREATED_AT + 4
const MIN_BYTES = HEADER_LENGTH_AT + 1
/**
 * Servers older than checksums (MySQL 5.6.1, MariaDB 5.3) know at most 27 types of events; later ones know 35 or more, and
 * add the algorithm and a checksum. Told by the length rather than by the version, which may itself be damaged.
 */
const MAX_BYTES_WITHOUT_CHECKSUM = MIN_BYTES + 30

/** Where the low byte of the flags lies in an event. */
const FLAGS_AT = 17

/**
 * Reads a format description event, whose bytes are whole, and checks its CRC32.
 *
 * Throws `CorruptBinlog`, or `UnsupportedEvent` for a format that is not version 4 or an unknown checksum.
 */
export function readFormatDescription(bytes: Buffer, place: LogPlace): FormatDescription {
  if (bytes.length < MIN_BYTES) throw corruptBinlog(place, 'the format description is too short')
  const version = bytes.readUInt16LE(HEADER_BYTES)
  if (version !== 4) throw corruptBinlog(place, `the binlog format version is ${version}, not 4`)
  if (bytes[HEADER_LENGTH_AT] !== HEADER_BYTES) {
    throw corruptBinlog(place, `the format description says event headers have ${bytes[HEADER_LENGTH_AT]} bytes`)
  }
  const serverVersion = cString(bytes.subarray(SERVER_VERSION_AT, CREATED_AT))
  const flavor = flavorOf(serverVersion)
  return {
    serverVersion,
    flavor,
    createdAt: bytes.readUInt32LE(CREATED_AT),
    checksum: checksumOf(bytes, place),
  }
}

/** Who writes such a version into its files: MariaDB's always hold its name. */
export function flavorOf(serverVersion: string): Flavor {
  return serverVersion.includes('MariaDB') ? 'mariadb' : 'mysql'
}

/** Clears the in-use flag of a format description in place: the server sets it while a file is open, and after a kill leaves it set. */
export function clearInUse(formatDescription: Uint8Array): void {
  formatDescription[FLAGS_AT]! &= ~EventFlag.binlogInUse
}

/**
 * The same format description as a file in the middle of a server's run has it. One with a creation time says that the
 * server was started just before: whoever executes it drops temporary tables and rolls back.
 */
export function withoutServerStart(formatDescription: Uint8Array): Buffer {
  const bytes = Buffer.from(formatDescription)
  bytes.writeUInt32LE(0, CREATED_AT)
  clearInUse(bytes)
  if (bytes.length > MAX_BYTES_WITHOUT_CHECKSUM) writeChecksum(bytes)
  return bytes
}

function checksumOf(bytes: Buffer, place: LogPlace): LogFormat['checksum'] {
  if (bytes.length <= MAX_BYTES_WITHOUT_CHECKSUM) return 'none'

  // The format description itself has a checksum whatever the algorithm, so that the algorithm byte can be trusted.
  const algorithmAt = bytes.length - CHECKSUM_BYTES - 1
  if (bytes.readUInt32LE(algorithmAt + 1) !== checksumInUseCleared(bytes)) {
    throw corruptBinlog(place, 'the checksum of the format description is wrong')
  }
  const algorithm = bytes[algorithmAt]!
  if (algorithm > 1) throw unsupportedEvent(place, `checksum algorithm ${algorithm} is unknown`)
  return algorithm === 1 ? 'crc32' : 'none'
}

// The server sets and clears the flag in the file without computing the checksum again: it holds for the flag cleared.
function checksumInUseCleared(bytes: Buffer): number {
  const head = Buffer.from(bytes.subarray(0, HEADER_BYTES))
  clearInUse(head)
  return crc32(bytes.subarray(HEADER_BYTES, bytes.length - CHECKSUM_BYTES), crc32(head))
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
}
