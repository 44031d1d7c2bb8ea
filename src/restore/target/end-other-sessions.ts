import { setTimeout as sleep } from 'node:timers/promises'
import { PitrError } from '../../errors.ts'
import { throwIfAborted } from '../../options.ts'
import { killConnection } from '../../server/kill-connection.ts'
import type { HeldTarget } from './held-target.ts'

/** How long a session that was killed may take to roll back. */
const SESSION_END_TIMEOUT_MS = 10 * 60_000
const POLL_MS = 100

/**
 * A client program of a killed restore may still execute what it had read. While the target is isolated its accounts are
 * used by restores only, so every other session of theirs is such a rest: it ends, and what it had begun is
 * executed or rolled back, before anything is wiped or what was replayed is looked at.
 */
export async function endOtherSessions(
  { server, session }: Pick<HeldTarget, 'server' | 'session'>,
  signal: AbortSignal | undefined,
): Promise<void> {
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
