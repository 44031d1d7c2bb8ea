import { isAtLeast } from '../server-version.ts'
import type { ServerVersion } from '../server-version.ts'
import type { PrivilegeRule, Purpose } from './flavor-dialect.ts'

/** See [GRANT: global privileges](https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/grant#global-privileges). */
const ARCHIVE: readonly PrivilegeRule[] = [
  { anyOf: ['REPLICATION SLAVE'], why: 'the binary log is read like a replica reads it', severity: 'error' },
  {
    anyOf: ['BINLOG MONITOR', 'SUPER'],
    why: 'the end and the files of the binary log are asked for',
    severity: 'error',
  },
]

/**
 * What each operation needs on MariaDB; every rule was found by trying it without. Until 11.0 SUPER stands for all of the
 * finer privileges: https://mariadb.com/docs/release-notes/community-server/old-releases/11.0/what-is-mariadb-110
 */
export function mariadbPrivileges(version: ServerVersion): Readonly<Record<Purpose, readonly PrivilegeRule[]>> {
  if (!isAtLeast(version, 11)) return PRIVILEGES
  return { archive: withoutSuper('archive'), backup: withoutSuper('backup'), restore: withoutSuper('restore') }
}

function withoutSuper(purpose: Purpose): readonly PrivilegeRule[] {
  return PRIVILEGES[purpose].map((rule) =>
    rule.anyOf[0] === 'SUPER' ? rule : { ...rule, anyOf: rule.anyOf.filter((privilege) => privilege !== 'SUPER') },
  )
}

const PRIVILEGES: Readonly<Record<Purpose, readonly PrivilegeRule[]>> = {
  archive: ARCHIVE,
  backup: [
    ...ARCHIVE,
    { anyOf: ['SELECT'], why: 'all tables, and the accounts in the mysql schema, are read', severity: 'error' },
    { anyOf: ['SHOW VIEW'], why: 'views are dumped', severity: 'error' },
    // Without it they are left out, and the program says nothing.
    { anyOf: ['TRIGGER'], why: 'triggers are dumped', severity: 'error' },
    { anyOf: ['EVENT'], why: 'events are dumped', severity: 'error' },
    { anyOf: ['RELOAD'], why: 'the snapshot is taken, and DDL is held back while the dump runs', severity: 'error' },
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
    { anyOf: ['RELOAD'], why: 'a restore that is begun again resets the binary log of the target', severity: 'error' },
    { anyOf: ['BINLOG REPLAY', 'SUPER'], why: 'row events are applied as BINLOG statements', severity: 'error' },
    { anyOf: ['BINLOG ADMIN', 'SUPER'], why: 'loading the backup is kept out of the binary log', severity: 'error' },
    { anyOf: ['REPLICATION SLAVE ADMIN', 'SUPER'], why: 'the GTID position of the target is set', severity: 'error' },
    {
      anyOf: ['READ_ONLY ADMIN', 'READ ONLY ADMIN'],
      why: 'the restore must be able to write to the isolated target',
      severity: 'error',
    },
    { anyOf: ['SUPER'], why: 'the event scheduler is stopped while the target is isolated', severity: 'error' },
    {
      anyOf: ['SLAVE MONITOR', 'REPLICA MONITOR', 'SUPER'],
      why: 'replication that runs on the target is looked for',
      severity: 'error',
    },
    { anyOf: ['PROCESS'], why: 'replicas and others on the target are looked for', severity: 'error' },
    { anyOf: ['CONNECTION ADMIN', 'SUPER'], why: 'others are disconnected from the target', severity: 'error' },
    {
      anyOf: ['GRANT OPTION'],
      why: 'accounts of the backup get their privileges; none is given that the account does not have itself',
      severity: 'warning',
    },
    { anyOf: ['SET USER', 'SUPER'], why: 'views, routines and triggers keep their definer', severity: 'error' },
  ],
}

function rebuild(privilege: string): PrivilegeRule {
  return { anyOf: [privilege], why: 'databases, tables and rows are made again', severity: 'error' }
}
