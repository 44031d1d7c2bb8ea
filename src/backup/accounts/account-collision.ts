import { PitrError } from '../../errors.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import { isOwnAccount, takesOurLogins } from '../../server/own-account.ts'
import type { Server } from '../../server/server.ts'
import type { LoadContext } from '../backup-method.ts'
import { differingAccounts } from './load-accounts.ts'
import { requireProxyRight } from './proxy-right.ts'
import { readAccounts } from './read-accounts.ts'

/**
 * Throws `AccountCollision` when loading the accounts of a backup would replace the account the restore itself connects
 * with, or take its logins, `MissingPrivilege` when it cannot give them their PROXY grants. Reads only; for the phase in which nothing is written yet.
 */
export async function checkAccountCollision(
  context: Pick<LoadContext, 'server' | 'backup' | 'readPart' | 'accounts'>,
): Promise<void> {
  if (context.accounts === 'none') return
  const accounts = await readAccounts(context)
  requireNoCollision(context.server, accounts)
  // What the target has exactly so is left alone, and needs nobody's right.
  const missing = await differingAccounts(context, accounts)
  requireOwnLogins(context.server, missing)
  await requireProxyRight(context.server, missing)
}

function requireOwnLogins(server: Server, accounts: readonly AccountDefinition[]): void {
  const taker = accounts.find(({ account, role }) => !role && takesOurLogins(server, account))
  if (taker === undefined) return
  throw new PitrError('AccountCollision', {
    subject: taker.account,
    message: `the backup holds the account ${taker.account}: once it is made, the client programs of the restore could be logged in as this account instead of ${server.account}`,
    hint: "Connect with an account whose name the source does not have. If the source has accounts without a name (''@'localhost'), give yours the same host, or drop them and take a new backup; or restore with accounts: 'none'.",
    details: { account: taker.account },
  })
}

/** Throws `AccountCollision` when one of `accounts` is the one we are connected with. */
export function requireNoCollision(server: Server, accounts: readonly AccountDefinition[]): void {
  const collision = accounts.find(({ account, role }) => !role && isOwnAccount(server, account))
  if (collision === undefined) return
  throw new PitrError('AccountCollision', {
    subject: collision.account,
    message: `the backup holds the account ${collision.account}, with which the restore is connected: it would replace the account it works with`,
    hint: "Connect with an account the source does not have, or restore with accounts: 'none'.",
    details: { account: collision.account },
  })
}
