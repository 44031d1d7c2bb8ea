import { createConnection } from 'mysql2/promise'
import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2/promise'
import { randomBytes } from 'node:crypto'

/** The account that tests use. It is not called root, so that nothing works only because of that name. */
export const ADMINISTRATOR = 'pitr_admin'

/** A password that any policy and any quoting takes. */
export function randomPassword(): string {
  return `Aa1-${randomBytes(12).toString('hex')}`
}

/** Gives the administrator of a new server a password of its own, so that a connection to the wrong server fails. */
export async function takeOver(
  options: ConnectionOptions,
): Promise<{ readonly version: string; readonly password: string }> {
  const password = randomPassword()
  const connection = await createConnection(options)
  try {
    const version = await versionOf(connection)
    // A new server has no history: this change must not become its first transaction.
    await connection.query('SET SESSION sql_log_bin = 0')
    // By its name: MariaDB 11.8 takes CURRENT_USER() here and leaves an account that nobody can log in to.
    await connection.query(`ALTER USER '${ADMINISTRATOR}'@'%' IDENTIFIED BY ?`, [password])
    return { version, password }
  } finally {
    await connection.end()
  }
}

/** What `SELECT VERSION()` says. */
export async function versionOf(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version')
  return rows[0]?.['version']
}
