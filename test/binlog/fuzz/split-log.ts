import { crc32 } from 'node:zlib'
import { EventReader } from '../../../src/binlog/event-reader.ts'
import { EventType } from '../../../src/binlog/event-type.ts'

/** One event of a log, cut loose from its place. */
export interface LooseEvent {
  readonly type: number
  /** Time, type, server and flags are kept; length and position are made when it is put into a file. */
  readonly header: Buffer
  readonly body: Buffer
}

/** A file, and where the events in it were put. */
export interface JoinedLog {
  readonly bytes: Buffer
  readonly events: readonly { readonly type: number; readonly start: number; readonly end: number }[]
}

const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e])
const HEADER_BYTES = 19
const CHECKSUM_BYTES = 4
const FLAGS_AT = 17

/** Cuts a valid file into its events. */
export function splitLog(bytes: Buffer): { readonly events: readonly LooseEvent[]; readonly hasChecksums: boolean } {
  const reader = new EventReader({ file: 'binlog.000001' })
  const events = reader.push(bytes).map((event): LooseEvent => {
    const end =
      event.length -
      (event.type === EventType.FormatDescription
        ? CHECKSUM_BYTES
        : event.bytes.length - HEADER_BYTES - event.body.length)
    const copy = Buffer.from(event.bytes)
    return { type: event.type, header: copy.subarray(0, HEADER_BYTES), body: copy.subarray(HEADER_BYTES, end) }
  })
  return { events, hasChecksums: reader.format?.checksum === 'crc32' }
}

/** Puts events into a file, with right lengths, positions and checksums. */
export function joinLog(events: readonly LooseEvent[], hasChecksums: boolean): JoinedLog {
  const checksumBytes = (type: number) => (hasChecksums || type === EventType.FormatDescription ? CHECKSUM_BYTES : 0)
  const length = events.reduce((sum, { type, body }) => sum + HEADER_BYTES + body.length + checksumBytes(type), 0)
  const bytes = Buffer.alloc(MAGIC.length + length)
  MAGIC.copy(bytes)
  let at = MAGIC.length
  const places = events.map(({ type, header, body }) => {
    const start = at
    header.copy(bytes, start)
    body.copy(bytes, start + HEADER_BYTES)
    at = start + HEADER_BYTES + body.length + checksumBytes(type)
    bytes[start + 4] = type
    bytes.writeUInt32LE(at - start, start + 9)
    // MariaDB leaves it 0 inside transactions.
    if (header.readUInt32LE(13) !== 0) bytes.writeUInt32LE(at, start + 13)
    return { type, start, end: at }
  })
  const joined = { bytes, events: places }
  signEvents(joined, hasChecksums)
  return joined
}

/** Makes the checksum of every event right for the bytes that are there now. */
export function signEvents({ bytes, events }: JoinedLog, hasChecksums: boolean): void {
  for (const { type, start, end } of events) {
    const isFormat = type === EventType.FormatDescription
    if ((!hasChecksums && !isFormat) || end > bytes.length) continue
    const flags = bytes[start + FLAGS_AT]!
    // That of the format description is made with its in-use flag cleared.
    if (isFormat) bytes[start + FLAGS_AT] = flags & ~1
    bytes.writeUInt32LE(crc32(bytes.subarray(start, end - CHECKSUM_BYTES)), end - CHECKSUM_BYTES)
    bytes[start + FLAGS_AT] = flags
  }
}
