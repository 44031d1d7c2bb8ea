import type { Connection, RowDataPacket } from 'mysql2/promise'
import { restoreGlobals } from './global-variables.ts'
import { versionOf } from './administrator.ts'
import { forgetHistory } from './history.ts'
import type { Flavor } from './types.ts'

/** Makes a disposable server look new: no user databases, accounts, replication, GTIDs; globals as they were first seen. */
export async function wipe(connection: Connection, flavor: Flavor, name: string): Promise<void> {
  // Before anything else: a mistaken address shall cost nobody's data.
  const version = await versionOf(connection)
  if (/mariadb/i.test(version) !== (flavor === 'mariadb')) throw new Error(`it is ${version}, not a ${flavor} server`)
  // The wiping itself must not be replicated by a replica of some test, nor be in the way of its own reset.
  await connection.query('SET SESSION sql_log_bin = 0')
  await killOtherSessions(connection)
  if (flavor === 'mysql') await connection.query('RESET PERSIST')
  await restoreGlobals(connection, name)
  await STOP_REPLICATION[flavor](connection)
  await rollBackPrepared(connection, flavor)
  await dropDatabases(connection)
  await dropAccounts(connection, flavor)
  await forgetHistory(connection, flavor)
}

/** A server somebody else configured must write the log that all tests are about. */
export async function checkConfiguration(connection: Connection, flavor: Flavor): Promise<void> {
  const needed = { log_bin: '1', ...NEEDED[flavor] }
  for (const [variable, value] of Object.entries(needed)) {
    const [row] = await rows(connection, `SELECT @@GLOBAL.${variable} AS value`)
    if (String(row?.['value']) !== value) {
      throw new Error(`its ${variable} is ${row?.['value']}, the tests need ${value === '1' ? 'it on' : value}`)
    }
  }
}

const NEEDED: Readonly<Record<Flavor, Readonly<Record<string, string>>>> = {
  mysql: { gtid_mode: 'ON', enforce_gtid_consistency: 'ON', binlog_format: 'ROW' },
  mariadb: { binlog_format: 'ROW', binlog_checksum: 'CRC32' },
}

async function killOtherSessions(connection: Connection): Promise<void> {
  const [self] = await rows(connection, 'SELECT CONNECTION_ID() AS id')
  for (const { Id, User, Command } of await rows(connection, 'SHOW PROCESSLIST')) {
    if (Id === self?.['id'] || User === 'system user' || Command === 'Daemon') continue
    // It may end by itself between the list and this statement.
    await connection.query(`KILL ${Id}`).catch(ignoring('ER_NO_SUCH_THREAD'))
  }
}

const STOP_REPLICATION: Readonly<Record<Flavor, (connection: Connection) => Promise<void>>> = {
  async mysql(connection) {
    await connection.query('STOP REPLICA')
    await connection.query('RESET REPLICA ALL')
  },
  async mariadb(connection) {
    await connection.query('STOP ALL SLAVES')
    for (const replica of await rows(connection, 'SHOW ALL SLAVES STATUS')) {
      await connection.query('RESET SLAVE ? ALL', [replica['Connection_name']])
    }
  },
}

async function rollBackPrepared(connection: Connection, flavor: Flavor): Promise<void> {
  for (const { formatID, gtrid_length, data } of await rows(connection, XA_RECOVER[flavor])) {
    // MariaDB writes the parts as XA ROLLBACK takes them, MySQL in one hexadecimal number.
    const [gtrid, bqual] = [data.slice(2, 2 + gtrid_length * 2), data.slice(2 + gtrid_length * 2)]
    await connection.query(`XA ROLLBACK ${flavor === 'mariadb' ? data : `X'${gtrid}', X'${bqual}', ${formatID}`}`)
  }
}

const XA_RECOVER: Readonly<Record<Flavor, string>> = {
  mysql: 'XA RECOVER CONVERT XID',
  mariadb: "XA RECOVER FORMAT='SQL'",
}

async function dropDatabases(connection: Connection): Promise<void> {
  await connection.query('SET SESSION foreign_key_checks = 0')
  const system = new Set(['information_schema', 'mysql', 'performance_schema', 'sys'])
  for (const { Database: name } of await rows(connection, 'SHOW DATABASES')) {
    if (!system.has(name)) await connection.query('DROP DATABASE ??', [[name]])
  }
}

// `root` stays, or its owner could not log in to the server any more; `healthcheck` is of MariaDB's official image.
const KEPT_ACCOUNTS = new Set(['root', 'healthcheck', 'mariadb.sys', 'mysql.sys', 'mysql.session', 'mysql.infoschema'])

async function dropAccounts(connection: Connection, flavor: Flavor): Promise<void> {
  const [self] = await rows(connection, 'SELECT CURRENT_USER() AS account')
  const role = flavor === 'mariadb' ? "is_role = 'Y'" : 'FALSE'
  for (const { user, host, is_role: isRole } of await rows(
    connection,
    `SELECT User AS user, Host AS host, ${role} AS is_role FROM mysql.user`,
  )) {
    if (KEPT_ACCOUNTS.has(user) || user === 'PUBLIC' || `${user}@${host}` === self?.['account']) continue
    if (isRole === 1) await connection.query('DROP ROLE ?', [user])
    else await connection.query('DROP USER ?@?', [user, host])
  }
}

async function rows(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  const [result] = await connection.query<RowDataPacket[]>(sql)
  return result
}

function ignoring(code: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== code) throw error
  }
}
