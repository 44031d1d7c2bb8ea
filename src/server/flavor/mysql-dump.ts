import { isAtLeast, parseServerVersion } from '../server-version.ts'
import { COMMON_LOAD_ARGUMENTS, commonDumpArguments, EXPLICIT_TIMESTAMPS } from './dump-arguments.ts'
import type { DumpDialect } from './dump-dialect.ts'
import { USUAL_COMMITS } from './replay-session.ts'

/** [mysqldump](https://dev.mysql.com/doc/refman/en/mysqldump.html) and the `mysql` client. */
export const mysqlDump: DumpDialect = {
  dumpArguments: (consistency, version) => [
    ...commonDumpArguments(consistency),
    // Renamed in 8.0.26; the old name makes new programs complain on standard error.
    isAtLeast(parseServerVersion(version), 8, 0, 26) ? '--source-data=2' : '--master-data=2',
    // GTIDs come from the log up to the position: the dump's own set may be later (bug #84478), and loading it writes it.
    '--set-gtid-purged=OFF',
    '--skip-column-statistics',
  ],
  // There are no such tables on MySQL.
  historyProgram: () => undefined,
  positionLine:
    /^-- CHANGE (?:REPLICATION SOURCE|MASTER) TO (?:SOURCE|MASTER)_LOG_FILE='(?<file>[^'\\]+)', (?:SOURCE|MASTER)_LOG_POS=(?<offset>\d+);$/,
  harmlessComplaints: [],
  loadArguments: COMMON_LOAD_ARGUMENTS,
  // The versions in the comments are those that brought the variable. A generated key would be a column the source never
  // had: https://dev.mysql.com/doc/refman/en/create-table-gipks.html
  beforeLoad: [
    'SET SESSION sql_log_bin = 0',
    USUAL_COMMITS,
    EXPLICIT_TIMESTAMPS,
    '/*!80013 SET SESSION sql_require_primary_key = 0 */',
    '/*!80030 SET SESSION sql_generate_invisible_primary_key = 0 */',
  ],
  beforeRebuild: [],
}
