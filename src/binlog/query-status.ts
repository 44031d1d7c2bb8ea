import { ByteCursor } from './byte-cursor.ts'
import { corruptBinlog } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'

/** The settings of a session that are logged with a statement, as far as they matter here. */
export interface QueryStatus {
  /** The session's sql_mode, see {@link SqlMode}. */
  readonly sqlMode: number
  /** Number of the session's lc_time_names; 0 is en_US. */
  readonly timeNames: number
  /** MySQL: the databases the statement changed; undefined when not logged, or more than the server lists. */
  readonly updatedDatabases?: readonly string[] | undefined
  /** The session's time zone, logged when the statement depends on it: `SYSTEM`, `+02:00`, `Europe/Berlin`. */
  readonly timeZone?: string | undefined
  /** MariaDB: whether it is the begin or the end of an ALTER TABLE that is logged in two parts. */
  readonly isPartOfAlter: boolean
}

/** Bits of sql_mode that change how a statement is read; the same on both flavors. */
export const SqlMode = { AnsiQuotes: 0x4, NoBackslashEscapes: 0x10_0000 } as const

/** Of a statement logged without status variables. */
export const NO_STATUS: QueryStatus = { sqlMode: 0, timeNames: 0, isPartOfAlter: false }

// Query_event::Query_event_status_vars in MySQL's statement_events.h, and MariaDB's above 128 in log_event.h.
const SQL_MODE = 1
const TIME_ZONE = 5
const CATALOG = 6
const LC_TIME_NAMES = 7
const UPDATED_DB_NAMES = 12
/** MariaDB: flags of a GTID event, of the two parts of an ALTER TABLE with `binlog_alter_two_phase`. */
const TWO_PHASE_ALTER = 130
/** Committed (4) or rolled back (8). */
const ENDS_ALTER = 12
/** The number of databases that stands for "too many to list" (OVER_MAX_DBS_IN_EVENT_MTS). */
const OVER_MAX_DBS = 254

/** Variables of one size, by their code. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 4], // flags2
  [3, 4], // auto_increment
  [4, 6], // charset
  [8, 2], // charset of the database
  [9, 8], // table map for update
  [10, 4], // source data written
  [13, 3], // microseconds
  [14, 8], // commit timestamp, no longer written
  [15, 8], // the same
  [16, 1], // explicit_defaults_for_timestamp
  [17, 8], // XID of a DDL statement
  [18, 2], // default collation for utf8mb4
  [19, 1], // sql_require_primary_key
  [20, 1], // default_table_encryption
  [128, 3], // MariaDB: fraction of the second
  [129, 8], // MariaDB: XID
])

/** Reads the status variables of a Query event. An unknown one ends the reading, as it does in the servers. */
export function readQueryStatus(bytes: Buffer, place: LogPlace): QueryStatus {
  const cursor = new ByteCursor(bytes, place)
  let sqlMode = 0
  let timeZone: string | undefined
  let timeNames = 0
  let updatedDatabases: readonly string[] | undefined
  let isPartOfAlter = false
  while (cursor.left > 0) {
    const code = cursor.u8()
    const size = SIZES.get(code)
    if (size !== undefined) {
      cursor.skip(size)
    } else if (code === SQL_MODE) {
      sqlMode = Number(cursor.u64())
    } else if (code === UPDATED_DB_NAMES) {
      updatedDatabases = readUpdatedDatabases(cursor, bytes, place)
    } else if (code === 2) {
      cursor.skip(cursor.u8() + 1) // catalog with a zero byte, before 5.0
    } else if (code === TIME_ZONE) {
      timeZone = cursor.text(cursor.u8())
    } else if (code === LC_TIME_NAMES) {
      timeNames = cursor.u16()
    } else if (code === CATALOG) {
      cursor.skip(cursor.u8())
    } else if (code === 11) {
      cursor.skip(cursor.u8()) // invoker: user and host
      cursor.skip(cursor.u8())
    } else if (code === TWO_PHASE_ALTER) {
      isPartOfAlter = true
      // The end names the begin.
      if ((cursor.u8() & ENDS_ALTER) !== 0) cursor.skip(8)
    } else {
      break
    }
  }
  return { sqlMode, timeZone, timeNames, updatedDatabases, isPartOfAlter }
}

function readUpdatedDatabases(cursor: ByteCursor, bytes: Buffer, place: LogPlace): readonly string[] | undefined {
  const count = cursor.u8()
  if (count === OVER_MAX_DBS) return undefined
  return Array.from({ length: count }, () => {
    const end = bytes.indexOf(0, cursor.at)
    if (end < 0) throw corruptBinlog(place, 'a database name in a Query event has no end')
    const name = cursor.text(end - cursor.at)
    cursor.skip(1)
    return name
  })
}
