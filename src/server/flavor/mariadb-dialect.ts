import { MariadbGtidSet } from '../../coordinates/mariadb-gtid-set.ts'
import { quoteIdentifier, quoteString } from '../quote.ts'
import { isAtLeast } from '../server-version.ts'
import type { ServerVersion } from '../server-version.ts'
import { asText } from '../session.ts'
import type { Session } from '../session.ts'
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
import type { FlavorDialect } from './flavor-dialect.ts'
import { mariadbAccounts, PUBLIC } from './mariadb-accounts.ts'
import { mariadbCommitsUntil, mariadbReplicates } from './mariadb-commits.ts'
import { mariadbDump } from './mariadb-dump.ts'
import { beforeIsolationMariadb, isolateMariadb, releaseMariadb } from './mariadb-isolation.ts'
import { mariadbPrivileges } from './mariadb-privileges.ts'
import { COMMON_NOT_IN_DUMP, findNotInDump } from './not-in-dump.ts'
import { MARIADB_SETTINGS } from './recorded-settings.ts'
import { USUAL_COMMITS } from './replay-session.ts'
import { COMMON_SETTINGS, isOn, ROW_IMAGE } from './setting-rules.ts'
import { mariadbTlsLines } from './tls-lines.ts'

/** MariaDB 10.6 and newer. */
export function mariadbDialect(version: ServerVersion): FlavorDialect {
  return {
    flavor: 'mariadb',
    identityColumns:
      '@@server_id AS serverId, NULL AS serverUuid, @@hostname AS hostname, @@port AS port, @@datadir AS dataDirectory',
    programs: {
      dump: ['mariadb-dump', 'mysqldump'],
      client: ['mariadb', 'mysql'],
      binlog: ['mariadb-binlog', 'mysqlbinlog'],
    },
    programVersion: /(?:from|Distrib) (?<version>\d+\.\d+\.\d+)-MariaDB/,
    dump: mariadbDump,
    settings: [
      ...COMMON_SETTINGS,
      {
        ...ROW_IMAGE,
        severity: 'error',
        why: 'a REPLACE of a row is logged as an update that lacks the columns it did not name, so what they became is lost',
      },
    ],
    // Until 11.0 SUPER stood for it.
    skipsInitConnect: isAtLeast(version, 11) ? ['CONNECTION ADMIN'] : ['CONNECTION ADMIN', 'SUPER'],
    ...MARIADB_SETTINGS,
    privileges: mariadbPrivileges(version),
    tlsOptionLines: mariadbTlsLines,

    readClock: readUtcClock,
    commitsUntil: mariadbCommitsUntil,
    binlogEnd: async (session) => {
      const [row] = await withBinlog(session.query('SHOW BINLOG STATUS'))
      return { position: positionOf(row), gtidSet: (await session.value('SELECT @@GLOBAL.gtid_binlog_pos')) ?? '' }
    },
    binlogFilters: async (session) => filtersOf((await session.query('SHOW BINLOG STATUS'))[0]),
    replicates: mariadbReplicates,
    listBinlogs: showBinaryLogs,
    // Capability 4 is "knows GTIDs": without it the server rewrites its events for an old replica.
    beforeBinlogDump: ['SET @master_binlog_checksum = @@GLOBAL.binlog_checksum', 'SET @mariadb_slave_capability = 4'],

    gtidsEnabled: async () => await Promise.resolve(true),
    executedGtids,
    addExecutedGtids: async (session, set) => {
      const both = MariadbGtidSet.parse(await executedGtids(session)).union(MariadbGtidSet.parse(set))
      await session.query(`SET GLOBAL gtid_slave_pos = ${quoteString(both.toString())}`)
    },
    resetExecutedGtids: async (session, set) => {
      if (isOn((await globalVariables(session, ['log_bin']))['log_bin'] ?? 'OFF')) await session.query('RESET MASTER')
      await session.query(`SET GLOBAL gtid_slave_pos = ${quoteString(set)}`)
    },

    // The stages must be gone through in order: https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/backup-commands/backup-stage
    blockDdl: async (session) => session.run(['BACKUP STAGE START', 'BACKUP STAGE FLUSH', 'BACKUP STAGE BLOCK_DDL']),
    databases: userDatabases,
    nonTransactionalTables: tablesWithoutTransactions,
    notInDump: async (session) => findNotInDump(session, COMMON_NOT_IN_DUMP),
    accounts: mariadbAccounts,
    dropAccount: async (session, { account, role }) => {
      if (account === PUBLIC) return
      await session.query(role ? `DROP ROLE IF EXISTS ${account}` : `DROP USER IF EXISTS ${account}`)
    },

    unloggedSession: ['SET SESSION sql_log_bin = 0'],
    sessionAfterReplay: ['SET SESSION gtid_seq_no = 0', 'SET SESSION timestamp = DEFAULT', USUAL_COMMITS],
    beforeIsolation: beforeIsolationMariadb,
    isolate: isolateMariadb,
    release: releaseMariadb,
    // https://mariadb.com/docs/server/reference/sql-statements/transactions/xa-transactions
    preparedXa: async (session) =>
      (await session.query('XA RECOVER')).map((row) => xidOf(row, (row['data'] as Buffer).toString('hex'))),
    replication: async (session) => [
      ...(await runningReplication(session, version)),
      ...(await attachedReplicas(session)),
    ],
    replayObstacle: async () => await Promise.resolve(undefined),
  }
}

/** What the server replicated, and what it logged itself; the higher one of each domain. */
async function executedGtids(session: Session): Promise<string> {
  const applied = MariadbGtidSet.parse((await session.value('SELECT @@GLOBAL.gtid_slave_pos')) ?? '')
  return applied.union(MariadbGtidSet.parse((await session.value('SELECT @@GLOBAL.gtid_binlog_pos')) ?? '')).toString()
}

async function runningReplication(session: Session, version: ServerVersion): Promise<readonly string[]> {
  const rows = await session.query(isAtLeast(version, 10, 5) ? 'SHOW ALL REPLICAS STATUS' : 'SHOW ALL SLAVES STATUS')
  return rows
    .filter((row) => asText(row['Slave_IO_Running']) !== 'No' || asText(row['Slave_SQL_Running']) !== 'No')
    .map((row) => `it replicates from another server (connection ${quoteIdentifier(asText(row['Connection_name']))})`)
}
