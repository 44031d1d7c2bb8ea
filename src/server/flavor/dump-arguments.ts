import type { DumpConsistency } from './dump-dialect.ts'

/** Arguments both families of dump programs take. */
export function commonDumpArguments(consistency: DumpConsistency): readonly string[] {
  return [
    // The two exclude each other: "You can't use --single-transaction and --lock-all-tables at the same time".
    consistency === 'snapshot' ? '--single-transaction' : '--lock-all-tables',
    '--quick',
    '--routines',
    '--events',
    '--triggers',
    '--hex-blob',
    '--default-character-set=utf8mb4',
    '--tz-utc',
    '--no-tablespaces',
    // The position and the footer are comments.
    '--comments',
    '--dump-date',
    // The target is empty and ours alone: LOCK TABLES and ALTER TABLE ... KEYS would only end transactions and need privileges.
    '--skip-add-locks',
    '--skip-disable-keys',
    // The largest packet there is; a row larger than the default of 24 MiB would end the dump.
    '--max-allowed-packet=1G',
  ]
}

/** Arguments both families of clients take when they load a dump, which is untrusted input. */
export const COMMON_LOAD_ARGUMENTS: readonly string[] = [
  '--batch',
  '--skip-column-names',
  // \0 and \r\n stay data, and no client command works but \C and DELIMITER: https://dev.mysql.com/doc/refman/en/mysql-command-options.html#option_mysql_binary-mode
  '--binary-mode',
  // Comments are a part of a routine's text; only MySQL 9 keeps them by default: https://dev.mysql.com/doc/refman/en/mysql-command-options.html#option_mysql_comments
  '--comments',
  // A statement of the dump could ask for any file the client can read.
  '--local-infile=0',
  // A new connection in the middle would have the session's binary log on again.
  '--skip-reconnect',
  '--default-character-set=utf8mb4',
  '--max-allowed-packet=1G',
]

/**
 * A definition in a dump says all of it, whatever the setting of the source; without this a `timestamp NOT NULL` would get
 * a default and change with every update.
 */
export const EXPLICIT_TIMESTAMPS = 'SET SESSION explicit_defaults_for_timestamp = 1'
