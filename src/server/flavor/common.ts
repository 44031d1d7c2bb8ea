import { binlogFileNumber } from '../../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { Timestamp } from '../../coordinates/timestamp.ts'
import { PitrError } from '../../errors.ts'
import { asText } from '../session.ts'
import type { Row, Session } from '../session.ts'
import type { BinlogFile } from './flavor-dialect.ts'

/** The clock in a session whose time zone is UTC. */
export async function readUtcClock(session: Session): Promise<Timestamp> {
  const text = (await session.value('SELECT CAST(NOW(6) AS CHAR)')) ?? ''
  return Timestamp.parse(`${text.replace(' ', 'T')}Z`)
}

/** File and position of a status row. Throws `BinlogDisabled` when the server has none. */
export function positionOf(row: Row | undefined): BinlogPosition {
  if (row === undefined) throw binlogDisabled()
  return { file: asText(row['File']), offset: Number(row['Position']) }
}

/** The filters in a status row; they are no variables on MySQL. A server without binary log has no row. */
export function filtersOf(row: Row | undefined): Readonly<Record<string, string>> {
  if (row === undefined) return {}
  return { binlog_do_db: asText(row['Binlog_Do_DB']), binlog_ignore_db: asText(row['Binlog_Ignore_DB']) }
}

/** SHOW BINARY LOGS, in order of the numbers of the files. Throws `BinlogDisabled`. */
export async function showBinaryLogs(session: Session): Promise<readonly BinlogFile[]> {
  const rows = await withBinlog(session.query('SHOW BINARY LOGS'))
  return rows
    .map((row) => ({ file: asText(row['Log_name']), bytes: Number(row['File_size']) }))
    .toSorted((a, b) => binlogFileNumber(a.file) - binlogFileNumber(b.file))
}

/** Turns "you are not using binary logging" (1381) into `BinlogDisabled`. */
export async function withBinlog<Result>(query: Promise<Result>): Promise<Result> {
  try {
    return await query
  } catch (error) {
    if (error instanceof PitrError && error.details['errno'] === 1381) throw binlogDisabled()
    throw error
  }
}

function binlogDisabled(): PitrError {
  return new PitrError('BinlogDisabled', {
    subject: 'log_bin',
    message: 'the server writes no binary log',
    hint: 'Start the server with --log-bin; without it nothing after a backup can be recovered.',
  })
}

/** Tables of engines without transactions in these databases. */
export async function tablesWithoutTransactions(
  session: Session,
  databases: readonly string[],
): Promise<readonly string[]> {
  if (databases.length === 0) return []
  return await session.column(
    `SELECT CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME, ' (', t.ENGINE, ')')
       FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
      WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES'
        AND t.TABLE_SCHEMA IN (${databases.map(() => '?').join(', ')})
      ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME`,
    databases,
  )
}

/** The databases that are not the server's own. */
export async function userDatabases(session: Session): Promise<readonly string[]> {
  return await session.column(
    `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA
      WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY SCHEMA_NAME`,
  )
}

/** The values of global variables. */
export async function globalVariables(
  session: Session,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const rows = await session.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.map(() => '?').join(', ')})`,
    names,
  )
  return Object.fromEntries(rows.map((row) => [asText(row['Variable_name']), asText(row['Value'])]))
}

/** Dump threads of replicas on this server, in words. */
export async function attachedReplicas(session: Session): Promise<readonly string[]> {
  return (
    await session.query("SELECT ID, USER, HOST FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'")
  ).map(
    (row) =>
      `a replica reads its binary log (connection ${asText(row['ID'])} of ${asText(row['USER'])}@${asText(row['HOST'])})`,
  )
}

/** The name of a row of XA RECOVER as XA ROLLBACK takes it; `digits` are the bytes of both of its parts, hexadecimal. */
export function xidOf(row: Row, digits: string): string {
  const end = 2 * Number(row['gtrid_length'])
  return `X'${digits.slice(0, end)}',X'${digits.slice(end)}',${Number(row['formatID'])}`
}
