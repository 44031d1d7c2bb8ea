import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Connection, SslOptions } from 'mysql2/promise'

import { PitrError } from '../errors.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS, describeConnection, passwordOf } from './connection-options.ts'
import type { ConnectionOptions, TlsOptions } from './connection-options.ts'
import { asDriverError } from './query-error.ts'
import type { RawCommands } from './replication/raw-commands.ts'

/** 1045 and 1698: wrong account or password; 1130: host not allowed; 3118, 4151: account locked; 1820, 1862: password expired. */
const REFUSED = new Set([1045, 1130, 1698, 1820, 1862, 3118, 4151])

/** How long a server may take to hang up. */
const FAREWELL_MS = 1_000

/**
 * Statements of ours mean the same on every server, whatever its global settings. A session of ours may hold a lock and
 * wait for hours, so it is not for idling that it is ended. Its messages are read for secrets, in English. The comments are read by MySQL alone, and by MariaDB alone.
 */
const OUR_SESSION = `SET SESSION sql_mode = '', time_zone = '+00:00', autocommit = 1, lc_messages = 'en_US', sql_quote_show_create = 1,
  sql_select_limit = 18446744073709551615, sql_safe_updates = 0, wait_timeout = 31536000, net_write_timeout = 3600
  /*!80000 , max_execution_time = 0 */ /*M!100600 , max_statement_time = 0 */`

/** What the driver itself says of a connection that is gone. */
const CLOSED = { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }

/** The parts of mysql2's inner connection that we need. */
export interface RawConnection extends RawCommands {
  /** The socket to the server, below TLS. */
  readonly stream: Socket
}

/** Opens a connection and makes its session ours: UTC, no `sql_mode`. Throws `AccessDenied` or `ConnectionFailed`. */
export async function openConnection(
  options: ConnectionOptions,
  encoding: 'utf8' | 'bytes' = 'utf8',
): Promise<Connection> {
  // Loaded when it is needed: who only plans from an archive does not wait for it.
  const { createConnection, format } = await import('mysql2/promise')
  let connection: Connection
  try {
    connection = await createConnection({
      ...(options.socketPath === undefined
        ? { host: options.host ?? '127.0.0.1', port: options.port ?? 3306 }
        : { socketPath: options.socketPath }),
      user: options.user,
      password: await passwordOf(options),
      ...(options.ssl === undefined ? {} : { ssl: sslOptions(options.ssl) }),
      connectTimeout: options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS,
      // With this character set the driver sends every character of a statement as one byte.
      charset: encoding === 'utf8' ? 'utf8mb4' : 'binary',
      dateStrings: true,
      supportBigNumbers: true,
      // The driver would look through all of a statement for the places of values also when there are none.
      queryFormat: (sql, values: Parameters<typeof format>[1]) =>
        Array.isArray(values) && values.length === 0 ? sql : format(sql, values),
      // A server must not be able to ask this process for files.
      // Nor to change the character set the driver sends statements in: it does, at a SET NAMES, when sessions are tracked.
      flags: ['-LOCAL_FILES', ...(encoding === 'bytes' ? ['-SESSION_TRACK'] : [])],
    })
  } catch (error) {
    throw connectError(options, error)
  }
  // A connection that is lost while idle says so at its next statement, not as an uncaught error of the process.
  connection.on('error', () => undefined)
  try {
    await connection.query(OUR_SESSION)
    if (encoding === 'bytes') await connection.query('SET NAMES utf8mb4')
    return connection
  } catch (error) {
    await closeConnection(connection, 'at once')
    throw connectError(options, error)
  }
}

/** Closes a connection: with a word of farewell, or at once, whatever is under way. Idempotent. */
export async function closeConnection(connection: Connection, how: 'politely' | 'at once'): Promise<void> {
  const { stream } = rawConnection(connection)
  if (stream.destroyed) return
  if (how === 'politely' && !stream.readableEnded) {
    const gone = new Promise<void>((resolve) => stream.once('close', resolve))
    await connection.end()
    await Promise.race([gone, sleep(FAREWELL_MS, undefined, { ref: false })])
  }
  // The driver's own destroy() only ends our half: with answers not yet read the server would go on sending. And a
  // statement under way would never be answered, but for the error.
  stream.destroy(how === 'politely' ? undefined : Object.assign(new Error('the session was closed'), CLOSED))
  connection.destroy()
}

/** The connection inside mysql2's promise interface, which alone can be extended by commands. */
export function rawConnection(connection: Connection): RawConnection {
  return (connection as unknown as { readonly connection: RawConnection }).connection
}

function sslOptions({ ca, cert, key, rejectUnauthorized, verifyIdentity }: TlsOptions): SslOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: rejectUnauthorized ?? true,
    verifyIdentity: verifyIdentity ?? false,
  }
}

function connectError(options: ConnectionOptions, error: unknown): PitrError {
  const { errno, code, message } = asDriverError(error)
  const subject = describeConnection(options)
  const refused = errno !== undefined && REFUSED.has(errno)
  return new PitrError(refused ? 'AccessDenied' : 'ConnectionFailed', {
    subject,
    message: refused ? `the server refused ${subject}: ${message}` : `no connection as ${subject}: ${message || code}`,
    hint: refused
      ? 'Check user, password, and the hosts the account may come from.'
      : 'Check that the server runs, its address, and the network between.',
    details: { errno, driverCode: code },
    cause: error,
  })
}
