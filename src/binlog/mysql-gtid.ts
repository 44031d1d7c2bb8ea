import { readUint32 } from './event.ts'
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
/** In the last byte of the immediate timestamp. */
const ORIGINAL_FOLLOWS = 0x80
const UINT32 = 2 ** 32
/** A number of 64 bits whose upper half is less is exact as a `number`. */
const EXACT_HIGH = 2 ** 21
/** The highest number of a transaction, `GNO_END` less one in rpl_gtid.h. */
export const MAX_GTID_NUMBER = 0x7fff_ffff_ffff_fffen

let lastSid: Buffer = Buffer.alloc(SID_BYTES)
let lastSource = sourceOf(lastSid)

/** Reads a Gtid (33) or Anonymous_gtid (34) event. */
export function readMysqlGtid(event: BinlogEvent, isAnonymous: boolean): MysqlGtid {
  const { buffer, bodyStart, bodyEnd } = event
  if (bodyEnd - bodyStart < CLOCKS_AT) throw corruptBinlog(event, 'a GTID event is too short')
  return {
    gtid: isAnonymous ? undefined : sourceAt(buffer, bodyStart + SID_AT) + numberAt(event, bodyStart + GNO_AT),
    commitMicroseconds: commitTimestamp(buffer, bodyStart + COMMIT_TIMESTAMP_AT, bodyEnd),
  }
}

/**
 * The original_commit_timestamp of a Gtid (33) or Anonymous_gtid (34) event, microseconds since the epoch: when it committed
 * on the server that executed it first. Undefined before MySQL 8.
 */
export function readOriginalCommit({ buffer, bodyStart, bodyEnd }: BinlogEvent): number | undefined {
  const at = bodyStart + COMMIT_TIMESTAMP_AT
  const isOwn =
    at + COMMIT_TIMESTAMP_BYTES <= bodyEnd && (buffer[at + COMMIT_TIMESTAMP_BYTES - 1]! & ORIGINAL_FOLLOWS) !== 0
  return commitTimestamp(buffer, isOwn ? at + COMMIT_TIMESTAMP_BYTES : at, bodyEnd)
}

/** Writes 32 hex digits the way GTIDs have them. */
export function formatUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Nearly all GTIDs of a log have one uuid: it is formatted once. */
function sourceAt(buffer: Buffer, at: number): string {
  for (let i = 0; i < SID_BYTES; i++) {
    if (buffer[at + i] === lastSid[i]) continue
    lastSid = Buffer.from(buffer.subarray(at, at + SID_BYTES))
    lastSource = sourceOf(lastSid)
    break
  }
  return lastSource
}

function sourceOf(sid: Buffer): string {
  return `${formatUuid(sid.toString('hex'))}:`
}

function numberAt(event: BinlogEvent, at: number): number | bigint {
  const { buffer } = event
  const high = readUint32(buffer, at + 4)
  const number = high < EXACT_HIGH ? high * UINT32 + readUint32(buffer, at) : buffer.readBigUInt64LE(at)
  if (number < 1 || (high >= EXACT_HIGH && number > MAX_GTID_NUMBER))
    throw corruptBinlog(event, `a GTID with the number ${number}`)
  return number
}

/**
 * 55 bits, and a bit that says that an original_commit_timestamp of its own follows; the immediate one always comes
 * first.
 */
function commitTimestamp(buffer: Buffer, at: number, end: number): number | undefined {
  if (end - at < COMMIT_TIMESTAMP_BYTES) return undefined
  const high = buffer[at + 4]! | (buffer[at + 5]! << 8) | ((buffer[at + 6]! & (ORIGINAL_FOLLOWS - 1)) << 16)
  const microseconds = high * UINT32 + readUint32(buffer, at)
  return microseconds === 0 ? undefined : microseconds
}
