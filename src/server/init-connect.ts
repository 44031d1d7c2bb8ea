import { globalVariables } from './flavor/common.ts'
import type { PreflightFinding } from './preflight-finding.ts'
import { readPrivileges } from './privileges.ts'
import type { Server } from './server.ts'
import type { Session } from './session.ts'

/** Sets the character set that the dump program asks for anyway. */
const HARMLESS = /^\s*SET\s+NAMES\s+'?utf8mb4'?(?:\s+COLLATE\s+'?\w+'?)?\s*;?\s*$/i

/**
 * The global [init_connect](https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_init_connect) is run in
 * the session of the dump program too, and may set there what leaves out rows (`sql_select_limit`) without an error.
 */
export async function initConnectFindings(server: Server, session: Session): Promise<readonly PreflightFinding[]> {
  const { init_connect: statements = '' } = await globalVariables(session, ['init_connect'])
  if (statements === '' || HARMLESS.test(statements) || (await isExempt(server, session))) return []
  const [privilege = ''] = server.dialect.skipsInitConnect
  return [
    {
      severity: 'error',
      code: 'UnsafeSetting',
      subject: 'init_connect',
      message: `the server runs init_connect in the session of the dump program: what it sets could leave rows out of the backup, and nothing would say so`,
      hint: `GRANT ${privilege} ON *.* TO the account of the dump program, for which it is not run, or SET GLOBAL init_connect = ''.`,
    },
  ]
}

// The privileges of another account, with which the programs log in, are not known.
async function isExempt({ dialect, connection, tools }: Server, session: Session): Promise<boolean> {
  if (tools.connection.user !== connection.user) return false
  return (await readPrivileges(session)).hasAnyOf(dialect.skipsInitConnect)
}
