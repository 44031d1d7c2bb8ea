import type { BinlogEvent } from './event.ts'
import { corruptBinlog } from './log-problem.ts'

/** What a GTID event of MySQL says. */
export interface MysqlGtid {
  /** `uuid:number` or `uuid:tag:number`; undefined in an Anonymous_gtid event. */
  readonly gtid: string | undefined
  /** immediate_commit_timestamp, microseconds since the epoch; undefined before MySQL 8. */
  readonly commitMicroseconds: number | undefined
}

// Gtid_event in MySQL's control_events.h: flags, SID, GNO, type code, two logical clocks; then what 8.0 added.
const SID_AT = 1
const SID_BYTES = 16
const GNO_AT = SID_AT + SID_BYTES
const CLOCKS_AT = GNO_AT + 8
const COMMIT_TIMESTAMP_AT = CLOCKS_AT + 1 + 16
const COMMIT_TIMESTAMP_BYTES = 7
const UINT32 = 2 ** 32
/** The highest number of a transaction, `GNO_END` less one in rpl_gtid.h. */
export const MAX_GTID_NUMBER = 0x7fff_ffff_ffff_fffen

let lastSid: Buffer = Buffer.alloc(SID_BYTES)
let lastUuid = formatUuid(lastSid.toString('hex'))

/** Reads a Gtid (33) or Anonymous_gtid (34) event. */
export function readMysqlGtid(event: BinlogEvent, isAnonymous: boolean): MysqlGtid {
  const { buffer, bodyStart, bodyEnd } = event
  if (bodyEnd - bodyStart < CLOCKS_AT) throw corruptBinlog(event, 'a GTID event is too short')
  return {
    gtid: isAnonymous ? undefined : `${uuidAt(buffer, bodyStart + SID_AT)}:${numberAt(event, bodyStart + GNO_AT)}`,
    commitMicroseconds: commitTimestamp(buffer, bodyStart + COMMIT_TIMESTAMP_AT, bodyEnd),
  }
}

/** Writes 32 hex digits the way GTIDs have them. */
export function formatUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Nearly all GTIDs of a log have one uuid: it is formatted once. */
function uuidAt(buffer: Buffer, at: number): string {
  for (let i = 0; i < SID_BYTES; i++) {
    if (buffer[at + i] === lastSid[i]) continue
    lastSid = Buffer.from(buffer.subarray(at, at + SID_BYTES))
    lastUuid = formatUuid(lastSid.toString('hex'))
    break
  }
  return lastUuid
}

function numberAt(event: BinlogEvent, at: number): number | bigint {
  const { buffer } = event
  const high = buffer.readUInt32LE(at + 4)
  const number = high < 2 ** 21 ? high * UINT32 + buffer.readUInt32LE(at) : buffer.readBigUInt64LE(at)
  if (number < 1 || number > MAX_GTID_NUMBER) throw corruptBinlog(event, `a GTID with the number ${number}`)
  return number
}

/**
 * 55 bits, and a bit that says that an original_commit_timestamp of its own follows; the immediate one always comes
 * first.
 */
function commitTimestamp(buffer: Buffer, at: number, end: number): number | undefined {
  if (end - at < COMMIT_TIMESTAMP_BYTES) return undefined
  const low = buffer.readUInt32LE(at)
  const high = buffer.readUInt16LE(at + 4) | ((buffer[at + 6]! & 0x7f) << 16)
  const microseconds = high * UINT32 + low
  return microseconds === 0 ? undefined : microseconds
}
