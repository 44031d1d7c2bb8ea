import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import { readMariadbGtid } from './mariadb-gtid.ts'
import { readMysqlGtid, readOriginalCommit } from './mysql-gtid.ts'
import { readTaggedGtid } from './tagged-gtid.ts'

/** The GTID in a GTID event of either flavor; undefined for other events, and for MySQL's anonymous ones. */
export function gtidOf(event: BinlogEvent): string | undefined {
  switch (event.type) {
    case EventType.Gtid:
      return readMysqlGtid(event, false).gtid
    case EventType.GtidTagged:
      return readTaggedGtid(event).gtid
    case EventType.MariadbGtid:
      return readMariadbGtid(event).gtid
    default:
      return undefined
  }
}

/**
 * When the transaction of a GTID event committed on the server that executed it first, microseconds since the epoch;
 * undefined for other events, and where the log does not tell: on MariaDB, and before MySQL 8.
 */
export function originalCommitOf(event: BinlogEvent): number | undefined {
  switch (event.type) {
    case EventType.Gtid:
    case EventType.AnonymousGtid:
      return readOriginalCommit(event)
    case EventType.GtidTagged:
      return readTaggedGtid(event).originalCommitMicroseconds
    default:
      return undefined
  }
}
