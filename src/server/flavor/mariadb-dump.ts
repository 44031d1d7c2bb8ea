import { isAtLeast, parseServerVersion } from '../server-version.ts'
import { COMMON_LOAD_ARGUMENTS, commonDumpArguments, EXPLICIT_TIMESTAMPS } from './dump-arguments.ts'
import type { DumpDialect } from './dump-dialect.ts'
import { USUAL_COMMITS } from './replay-session.ts'

/**
 * Whether a dump program can dump the history of system-versioned tables, which is data: without it the past of every row
 * would be gone after a restore. See [the option](https://mariadb.com/docs/server/clients-and-utilities/backup-restore-and-import-clients/mariadb-dump#dump-history).
 */
function mariadbDumpsHistory(version: string): boolean {
  return isAtLeast(parseServerVersion(version), 10, 11)
}

/** [mariadb-dump](https://mariadb.com/docs/server/clients-and-utilities/backup-restore-and-import-clients/mariadb-dump) and the `mariadb` client. */
export const mariadbDump: DumpDialect = {
  dumpArguments: (consistency, version) => [
    ...commonDumpArguments(consistency),
    '--master-data=2',
    ...(mariadbDumpsHistory(version) ? ['--dump-history'] : []),
  ],
  historyProgram: (version) => (mariadbDumpsHistory(version) ? undefined : 'mariadb-dump 10.11 or newer'),
  positionLine: /^-- CHANGE MASTER TO MASTER_LOG_FILE='(?<file>[^'\\]+)', MASTER_LOG_POS=(?<offset>\d+);$/,
  harmlessComplaints: [
    // https://mariadb.com/docs/server/security/encryption/data-in-transit-encryption/securing-connections-for-client-and-server
    /^WARNING: option --ssl-verify-server-cert is disabled, because of an insecure passwordless login\.$/,
    /: Deprecated program name\. It will be removed in a future release, use '[^']*' instead$/,
  ],
  loadArguments: COMMON_LOAD_ARGUMENTS,
  beforeLoad: [
    'SET SESSION sql_log_bin = 0',
    USUAL_COMMITS,
    // A session can set it since 10.6.9, 10.7.5, 10.8.4 and 10.9.2, and what is older than these in its series says so.
    `/*M!100609 ${EXPLICIT_TIMESTAMPS} */`,
    // A global limit is meant for applications, not for a large table.
    'SET SESSION max_statement_time = 0',
    // Rows written while checks were off are in the source, so they belong in the target.
    'SET SESSION check_constraint_checks = 0',
  ],
  // The rows of the past, too; without it such a table is refused (error 4119).
  beforeRebuild: ["SET SESSION system_versioning_alter_history = 'KEEP'"],
}
