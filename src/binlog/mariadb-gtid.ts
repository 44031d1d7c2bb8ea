import type { BinlogEvent } from './event.ts'
import { corruptBinlog } from './log-problem.ts'

/** What a GTID event of MariaDB says. */
export interface MariadbGtidEvent {
  /** `domain-server-sequence`. */
  readonly gtid: string
  /** Whether one event follows that ends the transaction by itself, without a COMMIT. */
  readonly isStandalone: boolean
  /** Whether it is a part of an XA transaction: prepared, or completed after having been prepared. */
  readonly isXa: boolean
}

// Gtid_log_event in MariaDB's log_event.h.
const FL_STANDALONE = 0x01
const FL_PREPARED_XA = 0x40
const FL_COMPLETED_XA = 0x80
const FLAGS_AT = 12

/** Reads a MariaDB Gtid event (162): sequence number, domain, flags; the server is the one in the event's header. */
export function readMariadbGtid(event: BinlogEvent): MariadbGtidEvent {
  const { buffer, bodyStart, bodyEnd, serverId } = event
  if (bodyEnd - bodyStart <= FLAGS_AT) throw corruptBinlog(event, 'a GTID event is too short')
  const high = buffer.readUInt32LE(bodyStart + 4)
  const sequence = high < 2 ** 21 ? high * 2 ** 32 + buffer.readUInt32LE(bodyStart) : buffer.readBigUInt64LE(bodyStart)
  if (sequence === 0) throw corruptBinlog(event, 'a GTID with the sequence number 0')
  const flags = buffer[bodyStart + FLAGS_AT]!
  return {
    gtid: `${buffer.readUInt32LE(bodyStart + 8)}-${serverId}-${sequence}`,
    isStandalone: (flags & FL_STANDALONE) !== 0,
    isXa: (flags & (FL_PREPARED_XA | FL_COMPLETED_XA)) !== 0,
  }
}
