import type { LogFormat } from '../image/segment.ts'
import type { BinlogEvent } from './event.ts'
import { HEADER_BYTES } from './event.ts'
import { flavorOf } from './format-description.ts'
import { FLAGS_AT, ROWS_LAYOUTS } from './rows-event.ts'
import { writeChecksum } from './write-checksum.ts'

/** RELAXED_UNIQUE_CHECKS_F: the session that wrote the rows had `unique_checks` off. */
const RELAXED_UNIQUE_CHECKS = 4

/**
 * A row event of MariaDB as it would be had its session not turned `unique_checks` off; any other event as it is.
 *
 * The rows are the same. But with foreign keys unchecked too, as in whatever loads a dump, MariaDB fills an empty table by
 * the page ([MDEV-515](https://jira.mariadb.org/browse/MDEV-515)) also where it applies row events, and that goes wrong
 * there: 11.8 crashes when several events of many rows are one BINLOG statement, and refuses those of REPLACE and INSERT
 * IGNORE (errors 1032 and 1030). Its checks of foreign keys stay off: rows may stand before those they refer to.
 */
export function withUniqueChecks(event: BinlogEvent, { serverVersion }: LogFormat): BinlogEvent {
  if (ROWS_LAYOUTS[event.type] === undefined || flavorOf(serverVersion) !== 'mariadb') return event
  if (((event.body[FLAGS_AT] ?? 0) & RELAXED_UNIQUE_CHECKS) === 0) return event
  const checked = event.detached()
  const { bytes, checksumBytes } = checked
  bytes[HEADER_BYTES + FLAGS_AT]! &= ~RELAXED_UNIQUE_CHECKS
  if (checksumBytes > 0) writeChecksum(bytes)
  return checked
}
