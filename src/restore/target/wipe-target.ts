import { setTimeout as sleep } from 'node:timers/promises'
import { PitrError } from '../../errors.ts'
import { throwIfAborted } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import { quoteIdentifier } from '../../server/quote.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'
import type { HeldTarget } from './held-target.ts'
import type { MarkerState } from './marker-manifest.ts'
import { MARKER_DATABASE } from './marker.ts'

/** How long a session that was killed may take to roll back. */
const SESSION_END_TIMEOUT_MS = 10 * 60_000
const POLL_MS = 100

/**
 * Brings a target that carries the marker of this very plan back to what it was when the restore began: what an earlier
 * try loaded and replayed goes away. The marker and the isolation stay.
 */
export async function wipeTarget(
  { server, session }: HeldTarget,
  state: MarkerState,
  { signal }: Pick<OperationOptions, 'signal'>,
): Promise<void> {
  throwIfAborted(signal, 'the restore')
  await endOtherSessions(server, session, signal)
  await session.query('SET SESSION foreign_key_checks = 0')
  for (const database of await server.dialect.databases(session)) {
    if (database !== MARKER_DATABASE) await session.query(`DROP DATABASE ${quoteIdentifier(database)}`)
  }
  const own = new Set(state.ownAccounts)
  for (const account of await server.dialect.accounts(session)) {
    if (!own.has(account.account)) await server.dialect.dropAccount(session, account)
  }
  await server.dialect.resetExecutedGtids(session, state.ownGtids)
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
    for (const id of ids) await kill(session, id)
    await sleep(POLL_MS)
  }
}

async function kill(session: Session, id: string): Promise<void> {
  try {
    await session.query(`KILL ${Number(id)}`)
  } catch (error) {
    // ER_NO_SUCH_THREAD: it ended by itself.
    if (!(error instanceof PitrError) || error.details['errno'] !== 1094) throw error
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
