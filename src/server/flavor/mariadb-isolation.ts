import { PitrError } from '../../errors.ts'
import type { Session } from '../session.ts'
import { globalVariables } from './common.ts'
import type { IsolationState } from './flavor-dialect.ts'
import { mariadbAccountNames } from './mariadb-accounts.ts'
import { isOn } from './setting-rules.ts'

/** Row events and DDL of the history are applied as they are, also functions the target itself would not let anyone make. */
const ISOLATED = { event_scheduler: 'OFF', read_only: 'ON', log_bin_trust_function_creators: 'ON' } as const
/** KILL of a connection that is gone already. */
const NO_SUCH_THREAD = 1094

/** What {@link isolateMariadb} would change: every account is locked but `except`, the roles, and those that are already. */
export async function beforeIsolationMariadb(session: Session, except: string): Promise<IsolationState> {
  const variables = await globalVariables(session, Object.keys(ISOLATED))
  const lockedAccounts: string[] = []
  for (const { account, role } of await mariadbAccountNames(session)) {
    if (role || account === except) continue
    if (/ ACCOUNT LOCK\b/.test((await session.value(`SHOW CREATE USER ${account}`)) ?? '')) continue
    lockedAccounts.push(account)
  }
  return { variables, persisted: [], lockedAccounts }
}

/**
 * There is no offline mode: read_only keeps writers out, locked accounts keep everyone out, also behind a restart. Those
 * who are connected are sent away.
 */
export async function isolateMariadb(session: Session, { variables, lockedAccounts }: IsolationState): Promise<void> {
  for (const [name, value] of Object.entries(ISOLATED)) {
    if (variables[name] !== undefined && variables[name] !== 'DISABLED') {
      await session.query(`SET GLOBAL ${name} = ${value}`)
    }
  }
  await unlogged(session, async () => {
    for (const account of lockedAccounts) await session.query(`ALTER USER ${account} ACCOUNT LOCK`)
  })
  await disconnectOthers(session)
}

/** Puts back what {@link isolateMariadb} changed. */
export async function releaseMariadb(session: Session, { variables, lockedAccounts }: IsolationState): Promise<void> {
  const existing = new Set((await mariadbAccountNames(session)).map(({ account }) => account))
  await unlogged(session, async () => {
    for (const account of lockedAccounts) {
      // The replayed history may have dropped it.
      if (existing.has(account)) await session.query(`ALTER USER ${account} ACCOUNT UNLOCK`)
    }
  })
  for (const name of Object.keys(ISOLATED).toReversed()) {
    const value = variables[name]
    if (value !== undefined && value !== 'DISABLED') {
      await session.query(`SET GLOBAL ${name} = ${isOn(value) ? 'ON' : 'OFF'}`)
    }
  }
}

async function disconnectOthers(session: Session): Promise<void> {
  const others = await session.column(
    `SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND <> 'Daemon'
      AND USER NOT IN ('system user', 'event_scheduler', LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))))`,
  )
  for (const id of others) {
    try {
      await session.query(`KILL CONNECTION ${Number(id)}`)
    } catch (error) {
      if (!(error instanceof PitrError) || error.details['errno'] !== NO_SUCH_THREAD) throw error
    }
  }
}

/** Locking an account is a transaction that would use up a GTID of the target. */
async function unlogged(session: Session, work: () => Promise<void>): Promise<void> {
  const before = await session.value('SELECT @@SESSION.sql_log_bin')
  await session.query('SET SESSION sql_log_bin = 0')
  try {
    await work()
  } finally {
    await session.query(`SET SESSION sql_log_bin = ${Number(before)}`)
  }
}
