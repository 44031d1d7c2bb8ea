import { COMMON_LOAD_ARGUMENTS, commonDumpArguments } from './dump-arguments.ts'
import type { DumpDialect } from './dump-dialect.ts'

/** [mariadb-dump](https://mariadb.com/docs/server/clients-and-utilities/backup-restore-and-import-clients/mariadb-dump) and the `mariadb` client. */
export const mariadbDump: DumpDialect = {
  dumpArguments: (consistency) => [
    ...commonDumpArguments(consistency),
    '--master-data=2',
    // The history of system-versioned tables is data: without it the past of every row would be gone after a restore.
    '--dump-history',
  ],
  positionLine: /^-- CHANGE MASTER TO MASTER_LOG_FILE='(?<file>[^'\\]+)', MASTER_LOG_POS=(?<offset>\d+);$/,
  harmlessComplaints: [
    // https://mariadb.com/docs/server/security/encryption/data-in-transit-encryption/securing-connections-for-client-and-server
    /^WARNING: option --ssl-verify-server-cert is disabled, because of an insecure passwordless login\.$/,
    /: Deprecated program name\. It will be removed in a future release, use '[^']*' instead$/,
  ],
  loadArguments: COMMON_LOAD_ARGUMENTS,
  // Rows written while checks were off are in the source, so they belong in the target.
  beforeLoad: 'SET SESSION sql_log_bin = 0;\nSET SESSION check_constraint_checks = 0;',
}
