import { COMMON_LOAD_ARGUMENTS } from './dump-arguments.ts'
import { mysqlGtidConflict } from './gtid-conflict.ts'
import { LONGEST_WAIT, USUAL_COMMITS } from './replay-session.ts'
import { quoteString } from '../quote.ts'
import type { ReplayDialect } from './replay-dialect.ts'

/** [mysqlbinlog](https://dev.mysql.com/doc/refman/en/mysqlbinlog.html) and the `mysql` client. */
export const mysqlReplay: ReplayDialect = {
  // Never --require-row-format: it refuses the statements (DDL too) that a faithful replay needs.
  binlogArguments: ['--no-defaults', '--verify-binlog-checksum', '--force-if-open', '-'],
  clientArguments: COMMON_LOAD_ARGUMENTS,
  harmlessComplaints: [],
  // The versions in the comments are those that brought the variable; MariaDB skips comments of these versions.
  beforeReplay: [
    LONGEST_WAIT,
    USUAL_COMMITS,
    // A generated key would be a column the source never had: https://dev.mysql.com/doc/refman/en/create-table-gipks.html
    '/*!80030 SET SESSION sql_generate_invisible_primary_key = 0 */',
    // Otherwise the target's own log repeats the text of every BINLOG statement.
    'SET SESSION binlog_rows_query_log_events = 0',
  ],
  // The log tells.
  beforeRows: [],
  nextGtid: (gtid, originalCommit) => {
    const next = `SET @@SESSION.GTID_NEXT = ${quoteString(gtid ?? 'ANONYMOUS')}`
    return [originalCommit === undefined ? next : `${next}, @@SESSION.original_commit_timestamp = ${originalCommit}`]
  },
  // Every GTID is counted by itself: those that were not committed one by one are filled in.
  canJoin: () => true,
  fillsIn: true,
  // By number, as mysqlbinlog prints them. A time zone that was not logged did not matter to the first statement of the
  // transaction; the next ones may have used it, most likely that of sessions that set none.
  rowSettings: ({ sqlMode, timeZone, timeNames }) => [
    `SET @@SESSION.time_zone = ${timeZone === undefined ? '@@GLOBAL.time_zone' : quoteString(timeZone)}, @@SESSION.lc_time_names = ${timeNames}, @@SESSION.sql_mode = ${sqlMode}`,
  ],
  countsWithoutLog: true,
  countsWithoutChange: true,
  // https://dev.mysql.com/doc/refman/en/atomic-ddl.html
  ddlIsAtomic: true,
  xaPrepareForgetsThread: false,
  skipsExecuted: true,
  gtidConflict: mysqlGtidConflict,
}
