import { PitrError } from '../errors.ts'
import { mayHoldSecret, NOT_SHOWN, withoutSecrets } from '../secrets.ts'

/** Error numbers of refused rights: https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html */
const PRIVILEGE_ERRORS = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1698])
/** Of a password that has expired: nothing but changing it is answered. */
const EXPIRED_PASSWORD_ERRORS = new Set([1820, 1862])
/** The driver's and the system's words for a connection that is gone. */
const LOST_CONNECTION = /^(?:PROTOCOL_CONNECTION_LOST|PROTOCOL_SEQUENCE_TIMEOUT|ECONN[A-Z]+|EPIPE|ETIMEDOUT)$/
/** The server's: shutdown, killed (MariaDB, MySQL), offline mode, idle for too long. */
const ENDED_BY_SERVER_ERRORS = new Set([1053, 1927, 3169, 3032, 4031])
/** How much of a statement an error quotes. */
const STATEMENT_HEAD_CHARACTERS = 200

/** Our error for what a server or its connection answered to `sql`. Statements that may hold a password are not quoted. */
export function queryError(sql: string, error: unknown): PitrError {
  const { errno = 0, code = '', sqlState, message } = asDriverError(error)
  const secret = mayHoldSecret(sql)
  const statement = secret ? NOT_SHOWN : sql.slice(0, STATEMENT_HEAD_CHARACTERS)
  const said = secret ? withoutSecrets(message) : message
  const shared = {
    subject: statement,
    details: { errno: errno === 0 ? undefined : errno, sqlState, driverCode: code, statement },
    ...(secret ? {} : { cause: withoutStatement(error) }),
  }
  if (PRIVILEGE_ERRORS.has(errno)) {
    return new PitrError('MissingPrivilege', {
      message: `the server refused "${statement}": ${said}`,
      hint: 'Grant the privilege the message names, or use another account; docs/servers.md lists what each operation needs.',
      ...shared,
    })
  }
  if (EXPIRED_PASSWORD_ERRORS.has(errno)) {
    return new PitrError('AccessDenied', {
      message: `the server refused "${statement}": ${said}`,
      hint: 'The password of the account has expired: give it a new one.',
      ...shared,
    })
  }
  if (LOST_CONNECTION.test(code) || ENDED_BY_SERVER_ERRORS.has(errno) || /closed state/.test(message)) {
    return new PitrError('ConnectionFailed', {
      message: `the connection was lost during "${statement}": ${said}`,
      hint: 'Check that the server runs, then run the same operation again.',
      ...shared,
    })
  }
  return new PitrError('QueryFailed', {
    message: `the server answered "${statement}" with: ${said}`,
    hint: "The server's message says what is wrong; its error number is in the details.",
    ...shared,
  })
}

/** What mysql2's errors carry. */
export interface DriverError {
  readonly errno?: number | undefined
  readonly code?: string | undefined
  readonly sqlState?: string | undefined
  readonly message: string
}

/** Reads an unknown error as one of mysql2's. */
export function asDriverError(error: unknown): DriverError {
  return error instanceof Error ? error : { message: String(error) }
}

/** The driver adds the whole statement with its values to its errors; they are printed with ours. */
function withoutStatement(error: unknown): unknown {
  if (error instanceof Error && 'sql' in error) Reflect.deleteProperty(error, 'sql')
  return error
}
