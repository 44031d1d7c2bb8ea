import { setTimeout as sleep } from 'node:timers/promises'
import { createAccounts, differingAccounts, grantAccounts } from '../../backup/accounts/load-accounts.ts'
import { PitrError } from '../../errors.ts'
import { throwIfAborted } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import { accountOfCurrentUser } from '../../server/account-name.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import { killConnection } from '../../server/kill-connection.ts'
import { MARKER_DATABASE } from '../../server/marker-database.ts'
import { quoteIdentifier } from '../../server/quote.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'
import type { HeldTarget } from './held-target.ts'
import type { MarkerState } from './marker-manifest.ts'

/** How long a session that was killed may take to roll back. */
const SESSION_END_TIMEOUT_MS = 10 * 60_000
const POLL_MS = 100

/**
 * Brings a target that carries the marker of this very plan back to what it was when the restore began: what an earlier
 * try loaded and replayed goes away, and the accounts it had are as they were. The marker and the isolation stay.
 */
export async function wipeTarget(
  { server, session }: HeldTarget,
  state: MarkerState,
  { signal }: Pick<OperationOptions, 'signal'>,
): Promise<void> {
  throwIfAborted(signal, 'the restore')
  await endOtherSessions(server, session, signal)
  // None was prepared when the restore began, and nobody else had the target since. They lock what is dropped now.
  for (const xid of await server.dialect.preparedXa(session)) await session.query(`XA ROLLBACK ${xid}`)
  await session.query('SET SESSION foreign_key_checks = 0')
  for (const database of await server.dialect.databases(session)) {
    if (database !== MARKER_DATABASE) await session.query(`DROP DATABASE ${quoteIdentifier(database)}`)
  }
  await putBackAccounts({ server, session }, state.ownAccounts, signal)
  await server.dialect.resetExecutedGtids(session, state.ownGtids)
}

async function putBackAccounts(
  { server, session }: Pick<HeldTarget, 'server' | 'session'>,
  own: readonly AccountDefinition[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = new Set(own.map(({ account }) => account))
  for (const account of await server.dialect.accounts(session)) {
    if (!names.has(account.account)) await server.dialect.dropAccount(session, account)
  }
  // The one we are connected with works: dropped and not made again it would let nobody in to try once more.
  const connected = accountOfCurrentUser(server.account)
  const lost = (await differingAccounts({ server }, own)).filter(({ account }) => account !== connected)
  await createAccounts({ server, signal }, lost)
  await grantAccounts({ server, signal }, lost)
}

/**
 * A client program of a killed restore may still execute what it had read. While the target is isolated its accounts are
 * used by restores only, so every other session of theirs is such a rest: it ends before anything is wiped.
 */
async function endOtherSessions(server: Server, session: Session, signal: AbortSignal | undefined): Promise<void> {
  const users = new Set([server.connection.user, server.tools.connection.user])
  const deadline = performance.now() + SESSION_END_TIMEOUT_MS
  for (;;) {
    throwIfAborted(signal, 'the restore')
    const ids = await session.column(
      `SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> ? AND USER IN (${[...users].map(() => '?').join(', ')})`,
      [session.id, ...users],
    )
    if (ids.length === 0) return
    if (performance.now() > deadline) throw stillThere(ids)
    for (const id of ids) await killConnection(session, id)
    await sleep(POLL_MS)
  }
}

function stillThere(ids: readonly string[]): PitrError {
  return new PitrError('TargetBusy', {
    subject: 'the target',
    message: `sessions of an earlier restore are still rolling back (connections ${ids.join(', ')})`,
    hint: 'Wait until SHOW PROCESSLIST no longer shows them, then restore again.',
    details: { connections: ids },
  })
}
