import type { DumpConsistency } from '../server/flavor/dump-dialect.ts'
import { clientProgram } from '../server/client-programs.ts'
import { requireOneOf } from '../options.ts'
import type { BackupMethod } from './backup-method.ts'
import { readDumpScope } from './mysqldump/dump-scope.ts'
import { checkLoadDump, loadDump } from './mysqldump/load-dump.ts'
import { takeDump } from './mysqldump/take-dump.ts'

/** What {@link mysqldump} takes. */
export interface MysqldumpOptions {
  /** The databases to dump; each must exist. @default every database that is not the server's own */
  readonly databases?: readonly string[] | undefined
  /**
   * How all tables come to be of one moment. `snapshot`: one transaction of the storage engine; writes go on, and a table
   * whose engine has no transactions is refused with `NonTransactionalTable`. `lock`: all tables are locked until the dump
   * is complete: every write on the server waits that long.
   * @default 'snapshot'
   */
  readonly consistency?: DumpConsistency | undefined
}

/** Name of the method, as images record it. */
const MYSQLDUMP_METHOD = 'mysqldump'

/**
 * Logical backups by the server's own dump program, `mysqldump` or `mariadb-dump`: tables, views, routines, events,
 * triggers and, as a part of its own, accounts. See [mysqldump](https://dev.mysql.com/doc/refman/en/mysqldump.html) and
 * [mariadb-dump](https://mariadb.com/docs/server/clients-and-utilities/backup-restore-and-import-clients/mariadb-dump).
 *
 * Its start waits for statements that are running then (`FLUSH TABLES` of mysqldump), and on MySQL new writes wait
 * behind it for that long: do not start it while a long ALTER TABLE or query runs. After that, DDL waits until the dump
 * is complete, where the account may have that (`BACKUP_ADMIN`, on MariaDB `RELOAD`).
 *
 * @example
 * ```ts
 * const image = await manager.backup(server, { method: mysqldump() })
 * ```
 */
export function mysqldump(options: MysqldumpOptions = {}): BackupMethod {
  const { databases, consistency = 'snapshot' } = options
  requireOneOf('consistency', consistency, ['snapshot', 'lock'])
  return {
    name: MYSQLDUMP_METHOD,
    check: async (server) => {
      await clientProgram(server, 'dump')
      await readDumpScope(server, { databases, consistency })
    },
    take: async (context) => takeDump(context, { method: MYSQLDUMP_METHOD, databases, consistency }),
    checkLoad: checkLoadDump,
    load: loadDump,
  }
}
