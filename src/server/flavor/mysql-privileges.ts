import { DUMP, REBUILD } from './common-privileges.ts'
import type { PrivilegeRule, Purpose } from './flavor-dialect.ts'

/** See [Privileges Provided by MySQL](https://dev.mysql.com/doc/refman/en/privileges-provided.html). */
const ARCHIVE: readonly PrivilegeRule[] = [
  { anyOf: ['REPLICATION SLAVE'], why: 'the binary log is read like a replica reads it', severity: 'error' },
  {
    anyOf: ['REPLICATION CLIENT', 'SUPER'],
    why: 'the end and the files of the binary log are asked for',
    severity: 'error',
  },
]

/** What each operation needs on MySQL; every rule was found by trying it without. */
export const MYSQL_PRIVILEGES: Readonly<Record<Purpose, readonly PrivilegeRule[]>> = {
  archive: ARCHIVE,
  backup: [
    ...ARCHIVE,
    ...DUMP,
    {
      anyOf: ['RELOAD', 'FLUSH_TABLES'],
      why: 'the snapshot and its position are taken under a short global lock',
      severity: 'error',
    },
    {
      anyOf: ['BACKUP_ADMIN'],
      why: 'DDL is held back while the dump runs; without it DDL makes the backup fail',
      severity: 'warning',
    },
  ],
  restore: [
    ...REBUILD,
    {
      anyOf: ['RELOAD', 'SUPER'],
      why: 'what was restored is flushed to the disk; begun again, it resets the binary log of the target',
      severity: 'error',
    },
    {
      anyOf: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'],
      why: 'the target is isolated, its GTIDs are set, and it does not wait for its disk meanwhile',
      severity: 'error',
    },
    {
      anyOf: ['CONNECTION_ADMIN', 'SUPER'],
      why: 'the restore must be able to work on the isolated target',
      severity: 'error',
    },
    { anyOf: ['REPLICATION_APPLIER', 'SUPER'], why: 'row events are applied as BINLOG statements', severity: 'error' },
    {
      anyOf: ['SET_ANY_DEFINER', 'SET_USER_ID', 'SUPER'],
      why: 'views, routines and triggers keep their definer',
      severity: 'error',
    },
    {
      // Since 8.2 a privilege of its own: https://dev.mysql.com/doc/refman/en/privileges-provided.html#priv_allow-nonexistent-definer
      anyOf: ['ALLOW_NONEXISTENT_DEFINER', 'SET_USER_ID', 'SUPER'],
      why: 'a definer may be an account that was dropped, or is not restored',
      severity: 'error',
    },
    {
      anyOf: ['XA_RECOVER_ADMIN'],
      why: 'XA transactions that are prepared on the target are looked for',
      severity: 'error',
    },
    { anyOf: ['PROCESS'], why: 'replicas that hang on the target are looked for', severity: 'error' },
    { anyOf: ['ROLE_ADMIN', 'SUPER'], why: 'accounts of the backup get their roles', severity: 'warning' },
  ],
}
