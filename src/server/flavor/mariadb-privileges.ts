import { isAtLeast } from '../server-version.ts'
import type { ServerVersion } from '../server-version.ts'
import { DUMP, REBUILD } from './common-privileges.ts'
import type { PrivilegeRule, Purpose } from './flavor-dialect.ts'

/** See [GRANT: global privileges](https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/grant#global-privileges). */
const ARCHIVE: readonly PrivilegeRule[] = [
  { anyOf: ['REPLICATION SLAVE'], why: 'the binary log is read like a replica reads it', severity: 'error' },
  {
    anyOf: ['BINLOG MONITOR', 'SUPER'],
    why: 'the end and the files of the binary log are asked for',
    severity: 'error',
  },
  {
    anyOf: ['PROCESS'],
    why: 'until when the archive is complete depends on the commits that are under way',
    severity: 'error',
  },
  {
    anyOf: ['SLAVE MONITOR', 'REPLICA MONITOR', 'SUPER'],
    why: 'until when the archive is complete depends on whether the server is a replica',
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
    ...DUMP,
    { anyOf: ['RELOAD'], why: 'the snapshot is taken, and DDL is held back while the dump runs', severity: 'error' },
  ],
  restore: [
    ...REBUILD,
    {
      anyOf: ['RELOAD'],
      why: 'what was restored is flushed to the disk; begun again, it resets the binary log of the target',
      severity: 'error',
    },
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
    { anyOf: ['SET USER', 'SUPER'], why: 'views, routines and triggers keep their definer', severity: 'error' },
  ],
}
