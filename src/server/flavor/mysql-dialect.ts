import { PitrError } from '../../errors.ts'
import { asText } from '../session.ts'
import type { Session } from '../session.ts'
import { isAtLeast } from '../server-version.ts'
import type { ServerVersion } from '../server-version.ts'
import { quoteString } from '../quote.ts'
import {
  attachedReplicas,
  filtersOf,
  globalVariables,
  positionOf,
  readUtcClock,
  showBinaryLogs,
  tablesWithoutTransactions,
  userDatabases,
  withBinlog,
  xidOf,
} from './common.ts'
import type { BinlogEnd, FlavorDialect } from './flavor-dialect.ts'
import { mysqlAccounts } from './mysql-accounts.ts'
import { mysqlDump } from './mysql-dump.ts'
import { beforeIsolationMysql, isolateMysql, releaseMysql } from './mysql-isolation.ts'
import { MYSQL_PRIVILEGES } from './mysql-privileges.ts'
import { COMMON_NOT_IN_DUMP, findNotInDump, MYSQL_NOT_IN_DUMP } from './not-in-dump.ts'
import { MYSQL_SETTINGS } from './recorded-settings.ts'
import { USUAL_COMMITS } from './replay-session.ts'
import { COMMON_SETTINGS, isOn, ROW_IMAGE } from './setting-rules.ts'
import { mysqlTlsLines } from './tls-lines.ts'

/** MySQL 8.0 and newer. */
export function mysqlDialect(version: ServerVersion): FlavorDialect {
  // SHOW MASTER STATUS and RESET MASTER are gone since 8.4: https://dev.mysql.com/doc/relnotes/mysql/8.4/en/news-8-4-0.html
  const modern = isAtLeast(version, 8, 2)
  const statusStatement = modern ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'
  const resetStatement = modern ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER'
  const replicasStatement = isAtLeast(version, 8, 0, 22) ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS'
  return {
    flavor: 'mysql',
    identityColumns:
      '@@server_id AS serverId, @@server_uuid AS serverUuid, @@hostname AS hostname, @@port AS port, @@datadir AS dataDirectory',
    programs: { dump: ['mysqldump'], client: ['mysql'], binlog: ['mysqlbinlog'] },
    programVersion: /^(?!.*MariaDB).*\bVer (?<version>\d+\.\d+\.\d+)/s,
    dump: mysqlDump,
    settings: [
      ...COMMON_SETTINGS,
      ROW_IMAGE,
      {
        variable: 'gtid_mode',
        fine: isOn,
        severity: 'warning',
        code: 'UnsafeSetting',
        why: 'transactions have no GTIDs, so a restore cannot prove by them what it holds',
        hint: 'Turn gtid_mode on (see the manual for the steps on a running server).',
      },
    ],
    // https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_init_connect
    skipsInitConnect: ['CONNECTION_ADMIN', 'SUPER'],
    ...MYSQL_SETTINGS,
    privileges: MYSQL_PRIVILEGES,
    tlsOptionLines: mysqlTlsLines,

    readClock: readUtcClock,
    // The commit time is taken under the lock of the log that the question for its end waits for, and a replica takes its
    // own: https://dev.mysql.com/doc/refman/en/replication-delayed.html
    commitsUntil: async (session) => ({ time: await readUtcClock(session), replicates: false }),
    binlogEnd: async (session) => await binlogEnd(session, statusStatement),
    binlogFilters: async (session) => filtersOf((await session.query(statusStatement))[0]),
    // A channel is listed until RESET REPLICA ALL: https://dev.mysql.com/doc/refman/en/show-replica-status.html
    replicates: async (session) => (await session.query(replicasStatement)).length > 0,
    listBinlogs: showBinaryLogs,
    // Without it the server takes us for a replica that knows no checksums and removes them.
    beforeBinlogDump: [
      'SET @source_binlog_checksum = @@GLOBAL.binlog_checksum, @master_binlog_checksum = @@GLOBAL.binlog_checksum',
    ],

    gtidsEnabled: async (session) => (await session.value('SELECT @@GLOBAL.gtid_mode')) === 'ON',
    executedGtids,
    addExecutedGtids: async (session, set) => {
      // https://dev.mysql.com/doc/refman/en/replication-options-gtids.html#sysvar_gtid_purged
      if (set !== '') await session.query(`SET GLOBAL gtid_purged = ${quoteString(`+${set}`)}`)
    },
    resetExecutedGtids: async (session, set) => {
      await session.query(resetStatement)
      if (set !== '') await session.query(`SET GLOBAL gtid_purged = ${quoteString(set)}`)
    },

    // Goes together with the dump and lets writes pass: https://dev.mysql.com/doc/refman/en/lock-instance-for-backup.html
    blockDdl: async (session) => void (await session.query('LOCK INSTANCE FOR BACKUP')),
    databases: userDatabases,
    nonTransactionalTables: tablesWithoutTransactions,
    notInDump: async (session) => findNotInDump(session, [...COMMON_NOT_IN_DUMP, ...MYSQL_NOT_IN_DUMP]),
    accounts: mysqlAccounts,
    dropAccount: async (session, { account }) => void (await session.query(`DROP USER IF EXISTS ${account}`)),

    unloggedSession: ['SET SESSION sql_log_bin = 0'],
    sessionAfterReplay: ["SET SESSION gtid_next = 'AUTOMATIC'", 'SET SESSION timestamp = DEFAULT', USUAL_COMMITS],
    beforeIsolation: beforeIsolationMysql,
    isolate: isolateMysql,
    release: releaseMysql,
    preparedXa,
    replication: async (session) => [...(await runningReplication(session)), ...(await attachedReplicas(session))],
    replayObstacle: async (session, { gtids }) => {
      const mode = (await session.value('SELECT @@GLOBAL.gtid_mode')) ?? 'OFF'
      if (gtids && mode !== 'ON') return `its gtid_mode is ${mode}, and the history has GTIDs; set gtid_mode=ON`
      if (!gtids && mode === 'ON') return 'its gtid_mode is ON, and the history has no GTIDs; set gtid_mode=OFF'
      // Error 1666: https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html#error_er_binlog_row_injection_and_stmt_mode
      const { log_bin: logs = 'OFF', binlog_format: format } = await globalVariables(session, [
        'log_bin',
        'binlog_format',
      ])
      if (isOn(logs) && format === 'STATEMENT')
        return 'its binlog_format is STATEMENT, and row events are not logged as statements; set binlog_format=ROW'
      return undefined
    },
  }
}

async function binlogEnd(session: Session, statement: string): Promise<BinlogEnd> {
  const [row] = await withBinlog(session.query(statement))
  const position = positionOf(row)
  const enabled = (await session.value('SELECT @@GLOBAL.gtid_mode')) === 'ON'
  return enabled ? { position, gtidSet: asText(row?.['Executed_Gtid_Set']).replace(/\s/g, '') } : { position }
}

async function executedGtids(session: Session): Promise<string> {
  return ((await session.value('SELECT @@GLOBAL.gtid_executed')) ?? '').replace(/\s/g, '')
}

/** See [XA transaction statements](https://dev.mysql.com/doc/refman/en/xa-statements.html). */
async function preparedXa(session: Session): Promise<readonly string[]> {
  const rows = await session.query('XA RECOVER CONVERT XID').catch(asMissingPrivilege)
  return rows.map((row) => xidOf(row, asText(row['data']).slice('0x'.length).toLowerCase()))
}

/** XAER_RMERR is all that the server says to an account without the privilege. */
function asMissingPrivilege(error: unknown): never {
  if (!(error instanceof PitrError) || error.details['errno'] !== 1401) throw error
  throw new PitrError('MissingPrivilege', {
    subject: 'XA_RECOVER_ADMIN',
    message: 'the server refused XA RECOVER, which lists the prepared XA transactions',
    hint: 'Grant XA_RECOVER_ADMIN, or use another account; docs/servers.md lists what each operation needs.',
    details: error.details,
    cause: error,
  })
}

async function runningReplication(session: Session): Promise<readonly string[]> {
  const channels = await session.column(
    "SELECT CHANNEL_NAME FROM performance_schema.replication_applier_status WHERE SERVICE_STATE = 'ON'",
  )
  return channels.map((channel) => `it replicates from another server${channel === '' ? '' : ` (channel ${channel})`}`)
}
