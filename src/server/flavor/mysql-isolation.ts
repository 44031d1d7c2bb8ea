import type { Session } from '../session.ts'
import { globalVariables } from './common.ts'
import type { IsolationState } from './flavor-dialect.ts'

/**
 * Behind these only accounts with CONNECTION_ADMIN can connect and write. Not super_read_only: it would stop the replay too.
 * See [offline_mode](https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_offline_mode).
 */
const ISOLATED = {
  event_scheduler: 'OFF',
  // Otherwise triggers and functions of the history could be made with SUPER only: errors 1418 and 1419.
  log_bin_trust_function_creators: 'ON',
  read_only: 'ON',
  offline_mode: 'ON',
} as const

/** What {@link isolateMysql} would change. */
export async function beforeIsolationMysql(session: Session): Promise<IsolationState> {
  const names = Object.keys(ISOLATED)
  const variables = await globalVariables(session, names)
  const persisted = await session.column(
    `SELECT VARIABLE_NAME FROM performance_schema.persisted_variables WHERE VARIABLE_NAME IN (${names.map(() => '?').join(', ')})`,
    names,
  )
  return { variables, persisted }
}

/** Isolates a MySQL server; persisted, so that a restart in the middle of a restore does not open it. */
export async function isolateMysql(session: Session, { variables }: IsolationState): Promise<void> {
  for (const [name, value] of Object.entries(ISOLATED)) {
    // A scheduler that was disabled at start cannot be set, and need not be.
    if (isSettable(variables[name])) await session.query(`SET PERSIST ${name} = ${value}`)
  }
}

/** Puts back what {@link isolateMysql} changed. */
export async function releaseMysql(session: Session, { variables, persisted }: IsolationState): Promise<void> {
  // Backwards: who is let in again must not find the scheduler at work on a server that is still read-only.
  for (const name of Object.keys(ISOLATED).toReversed()) {
    const value = variables[name]
    if (!isSettable(value)) continue
    await session.query(`SET ${persisted.includes(name) ? 'PERSIST' : 'GLOBAL'} ${name} = ${word(value)}`)
    if (!persisted.includes(name)) await session.query(`RESET PERSIST IF EXISTS ${name}`)
  }
}

function isSettable(value: string | undefined): value is string {
  return value !== undefined && value !== 'DISABLED'
}

/** The state was kept on the target: it is not trusted to be SQL. */
function word(value: string): 'ON' | 'OFF' {
  return value === 'ON' || value === '1' ? 'ON' : 'OFF'
}
