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
    { anyOf: ['SELECT'], why: 'all tables, and the accounts in the mysql schema, are read', severity: 'error' },
    { anyOf: ['SHOW VIEW'], why: 'views are dumped', severity: 'error' },
    // Without it they are left out, and the program says nothing.
    { anyOf: ['TRIGGER'], why: 'triggers are dumped', severity: 'error' },
    { anyOf: ['EVENT'], why: 'events are dumped', severity: 'error' },
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
    ...[
      'CREATE',
      'DROP',
      'ALTER',
      'INDEX',
      'REFERENCES',
      'SELECT',
      'INSERT',
      'UPDATE',
      'DELETE',
      'CREATE VIEW',
      'SHOW VIEW',
    ].map(rebuild),
    ...['CREATE ROUTINE', 'ALTER ROUTINE', 'TRIGGER', 'EVENT', 'LOCK TABLES', 'CREATE TEMPORARY TABLES'].map(rebuild),
    { anyOf: ['CREATE USER'], why: 'the accounts are made again', severity: 'error' },
    {
      anyOf: ['RELOAD', 'SUPER'],
      why: 'a restore that is begun again resets the binary log of the target',
      severity: 'error',
    },
    {
      anyOf: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'],
      why: 'the target is isolated and its GTIDs are set',
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
    { anyOf: ['PROCESS'], why: 'replicas that hang on the target are looked for', severity: 'error' },
    {
      anyOf: ['GRANT OPTION'],
      why: 'accounts of the backup get their privileges; none is given that the account does not have itself',
      severity: 'warning',
    },
    { anyOf: ['ROLE_ADMIN', 'SUPER'], why: 'accounts of the backup get their roles', severity: 'warning' },
  ],
}

function rebuild(privilege: string): PrivilegeRule {
  return { anyOf: [privilege], why: 'databases, tables and rows are made again', severity: 'error' }
}
