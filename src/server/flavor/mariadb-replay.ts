import { COMMON_LOAD_ARGUMENTS } from './dump-arguments.ts'
import { mariadbDump } from './mariadb-dump.ts'
import { mariadbGtidConflict } from './gtid-conflict.ts'
import { LONGEST_WAIT, USUAL_COMMITS } from './replay-session.ts'
import type { ReplayDialect } from './replay-dialect.ts'

/** [mariadb-binlog](https://mariadb.com/docs/server/clients-and-utilities/logging-tools/mariadb-binlog) and the `mariadb` client. */
export const mariadbReplay: ReplayDialect = {
  binlogArguments: [
    '--no-defaults',
    '--verify-binlog-checksum',
    '--force-if-open',
    // The text of the statements behind row events: only comments, and written by whoever wrote the statement.
    '--skip-annotate-row-events',
    // On by default since 10.8: refuses sequence numbers that step back, which a source without strict mode may log. The
    // order of the log is the truth. Older programs do not know the option, and know no such check.
    '--loose-skip-gtid-strict-mode',
    '-',
  ],
  // The statement that failed may hold the hash of a password, and a BINLOG statement is no message.
  clientArguments: [...COMMON_LOAD_ARGUMENTS, '--loose-skip-print-query-on-error'],
  harmlessComplaints: [
    ...mariadbDump.harmlessComplaints,
    // The `loose` ones, in a program older than the option.
    /unknown option '--loose-skip-(?:gtid-strict-mode|print-query-on-error)'$/,
  ],
  beforeReplay: [
    LONGEST_WAIT,
    USUAL_COMMITS,
    // A global limit is meant for applications, not for an ALTER TABLE of hours.
    'SET SESSION max_statement_time = 0',
    // Otherwise the target's own log repeats the text of every BINLOG statement.
    'SET SESSION binlog_annotate_row_events = 0',
  ],
  // Nothing of the kind is logged with row events. What a statement of the log set is not for rows behind it.
  beforeRows: ['SET SESSION time_zone = @@GLOBAL.time_zone, lc_time_names = @@GLOBAL.lc_time_names'],
  nextGtid: (gtid) => (gtid === undefined ? [] : [nextMariadbGtid(gtid)]),
  // Only the last sequence number of each domain and server is counted.
  canJoin: (earlier, later) => sourceOf(earlier) === sourceOf(later),
  fillsIn: false,
  rowSettings: () => [],
  countsWithoutLog: false,
  // Such a statement is in no log.
  countsWithoutChange: false,
  // Only some are, and a DROP DATABASE that is killed logs what it came to under its GTID.
  ddlIsAtomic: false,
  // Not documented; MariaDB 11.8.6 does.
  xaPrepareForgetsThread: true,
  // Only a replica does.
  skipsExecuted: false,
  gtidConflict: mariadbGtidConflict,
}

// https://mariadb.com/docs/server/ha-and-performance/standard-replication/gtid#gtid_seq_no
function nextMariadbGtid(gtid: string): string {
  const [domain, server, sequence] = gtid.split('-').map(BigInt)
  return `SET @@SESSION.gtid_domain_id = ${domain}, @@SESSION.server_id = ${server}, @@SESSION.gtid_seq_no = ${sequence}`
}

function sourceOf(gtid: string | undefined): string | undefined {
  return gtid?.slice(0, gtid.lastIndexOf('-'))
}
