import { EventType } from './event-type.ts'
import { readUint32 } from './event.ts'
import type { BinlogEvent } from './event.ts'
import { corruptBinlog } from './log-problem.ts'
import { inflateMariadb } from './mariadb-compression.ts'
import { NO_STATUS, readQueryStatus } from './query-status.ts'
import type { QueryStatus } from './query-status.ts'

/** What a Query event says. */
export interface LoggedQuery {
  /** The default database of the session; empty when it had none. */
  readonly database: string
  /** The statement's bytes: a view, valid only until the reader's next `push`. */
  readonly text: Buffer
  /** The session's settings logged with it. */
  readonly status: QueryStatus
}

// Query_event in MySQL's statement_events.h: thread id, seconds it ran, length of the database name, error code, length of
// the status variables; then these, the database name and a zero byte; the rest is the statement.
const SECONDS_RUN_AT = 4
const DATABASE_LENGTH_AT = 8
const STATUS_LENGTH_AT = 11
const POST_HEADER_BYTES = 13

/** Reads a Query (2) event, or a Query_compressed (165) of MariaDB. */
export function readQuery(event: BinlogEvent): LoggedQuery {
  const { buffer, bodyStart } = event
  const start = queryStart(event)
  const statusStart = bodyStart + POST_HEADER_BYTES
  const databaseEnd = start - 1
  const databaseStart = databaseEnd - buffer[bodyStart + DATABASE_LENGTH_AT]!
  const text = buffer.subarray(start, event.bodyEnd)
  return {
    database: buffer.toString('utf8', databaseStart, databaseEnd),
    text: event.type === EventType.QueryCompressed ? inflateMariadb(text, event) : text,
    status:
      statusStart === databaseStart ? NO_STATUS : readQueryStatus(buffer.subarray(statusStart, databaseStart), event),
  }
}

/**
 * Whether the statement is exactly `text`. Made for BEGIN and COMMIT, which are in nearly every transaction: reads
 * nothing else.
 */
export function queryIs(event: BinlogEvent, text: Buffer): boolean {
  if (event.type !== EventType.Query) return false
  const start = queryStart(event)
  if (event.bodyEnd - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (event.buffer[start + i] !== text[i]) return false
  return true
}

/**
 * The second in which the server made the event. The header of a Query event holds the second its statement began, or the
 * one a `SET timestamp` made up; by so many seconds, modulo 2^32, the clock was ahead of it when the event was made.
 */
export function secondMade(event: BinlogEvent): number {
  const { type, timestamp, buffer, bodyStart, bodyEnd } = event
  if (type !== EventType.Query && type !== EventType.QueryCompressed) return timestamp
  if (bodyEnd - bodyStart < POST_HEADER_BYTES) throw corruptBinlog(event, 'a Query event is too short')
  return (timestamp + readUint32(buffer, bodyStart + SECONDS_RUN_AT)) >>> 0
}

function queryStart(event: BinlogEvent): number {
  const { buffer, bodyStart, bodyEnd } = event
  if (bodyEnd - bodyStart < POST_HEADER_BYTES) throw corruptBinlog(event, 'a Query event is too short')
  const statusBytes = buffer[bodyStart + STATUS_LENGTH_AT]! | (buffer[bodyStart + STATUS_LENGTH_AT + 1]! << 8)
  const start = bodyStart + POST_HEADER_BYTES + statusBytes + buffer[bodyStart + DATABASE_LENGTH_AT]! + 1
  if (start > bodyEnd) throw corruptBinlog(event, 'the fields of a Query event do not fit into it')
  return start
}
