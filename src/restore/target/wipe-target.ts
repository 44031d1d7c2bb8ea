import { createAccounts, differingAccounts, grantAccounts } from '../../backup/accounts/load-accounts.ts'
import { throwIfAborted } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import { accountOfCurrentUser } from '../../server/account-name.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import { MARKER_DATABASE } from '../../server/marker-database.ts'
import { quoteIdentifier } from '../../server/quote.ts'
import { endOtherSessions } from './end-other-sessions.ts'
import type { HeldTarget } from './held-target.ts'
import type { MarkerState } from './marker-manifest.ts'

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
  await endOtherSessions({ server, session }, signal)
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
