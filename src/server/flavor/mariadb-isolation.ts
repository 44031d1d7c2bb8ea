import { killConnection } from '../kill-connection.ts'
import type { Session } from '../session.ts'
import { globalVariables } from './common.ts'
import type { IsolationState } from './flavor-dialect.ts'
import { closeMariadbAccounts, openMariadbAccounts } from './mariadb-accounts.ts'
import { isOn } from './setting-rules.ts'

/** Row events and DDL of the history are applied as they are, also functions the target itself would not let anyone make. */
const ISOLATED = { event_scheduler: 'OFF', read_only: 'ON', log_bin_trust_function_creators: 'ON' } as const

/** What {@link isolateMariadb} would change, accounts apart: a closed one says itself what it was. */
export async function beforeIsolationMariadb(session: Session): Promise<IsolationState> {
  return { variables: await globalVariables(session, Object.keys(ISOLATED)), persisted: [] }
}

/**
 * There is no offline mode: read_only keeps writers out, closed accounts keep everyone out, also behind a restart. Those
 * who are connected are sent away.
 */
export async function isolateMariadb(
  session: Session,
  { variables }: IsolationState,
  isExempt: (account: string) => boolean,
): Promise<void> {
  for (const [name, value] of Object.entries(ISOLATED)) {
    if (variables[name] !== undefined && variables[name] !== 'DISABLED') {
      await session.query(`SET GLOBAL ${name} = ${value}`)
    }
  }
  await unlogged(session, async () => closeMariadbAccounts(session, isExempt))
  await disconnectOthers(session)
}

/** Puts back what {@link isolateMariadb} changed. */
export async function releaseMariadb(session: Session, { variables }: IsolationState): Promise<void> {
  await unlogged(session, async () => openMariadbAccounts(session))
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
  for (const id of others) await killConnection(session, id)
}

/** Altering an account is a transaction that would use up a GTID of the target. */
async function unlogged(session: Session, work: () => Promise<void>): Promise<void> {
  const before = await session.value('SELECT @@SESSION.sql_log_bin')
  await session.query('SET SESSION sql_log_bin = 0')
  try {
    await work()
  } finally {
    await session.query(`SET SESSION sql_log_bin = ${Number(before)}`)
  }
}
