import { isDeepStrictEqual } from 'node:util'

import { PitrError } from '../../errors.ts'
import { throwIfAborted } from '../../options.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import type { Session } from '../../server/session.ts'
import type { LoadContext } from '../backup-method.ts'

/** What accounts are made with. */
type AccountContext = Pick<LoadContext, 'server' | 'signal'>

/**
 * Those of the accounts that the target does not have exactly so: to be made. The others are left alone: what the server
 * itself made, such as root with its PROXY grant, not everybody may make again.
 */
export async function differingAccounts(
  { server }: Pick<AccountContext, 'server'>,
  accounts: readonly AccountDefinition[],
): Promise<readonly AccountDefinition[]> {
  if (accounts.length === 0) return []
  const present = await server.withSession(async (session) => server.dialect.accounts(session))
  const known = new Map(present.map((definition) => [definition.account, definition]))
  return accounts.filter((wanted) => !isDeepStrictEqual(known.get(wanted.account), wanted))
}

/** Makes the accounts, without their grants; what the target has under these names is replaced. */
export async function createAccounts(context: AccountContext, accounts: readonly AccountDefinition[]): Promise<void> {
  await inUnloggedSession(context, async (session) => {
    for (const account of accounts) {
      throwIfAborted(context.signal, 'the restore')
      await attempt(account, 'made', async () => {
        await context.server.dialect.dropAccount(session, account)
        await session.query(account.create)
      })
    }
  })
}

/** Gives the accounts what they may do. Behind the data: a grant names tables and routines, which must exist. */
export async function grantAccounts(context: AccountContext, accounts: readonly AccountDefinition[]): Promise<void> {
  await inUnloggedSession(context, async (session) => {
    for (const account of accounts) {
      throwIfAborted(context.signal, 'the restore')
      await attempt(account, 'given its grants', async () => session.run(account.grants))
    }
  })
}

async function inUnloggedSession({ server }: AccountContext, work: (session: Session) => Promise<void>): Promise<void> {
  await server.withSession(async (session) => {
    await session.run(server.dialect.unloggedSession)
    await work(session)
  })
}

async function attempt({ account }: AccountDefinition, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof PitrError)) throw error
    // The statement may hold the hash of a password, and some of the server's messages quote it.
    const { errno, sqlState } = error.details
    throw new PitrError('LoadFailed', {
      subject: account,
      message: `the account ${account} could not be ${what} on the target (${error.code}, error ${String(errno)})`,
      hint: "The target may lack a plugin the account uses, or the account of the restore may not give what it does not have itself with grant option (also PROXY: GRANT PROXY ON ''@'%' TO ... WITH GRANT OPTION). Restore with accounts: 'none' to leave those of the backup out.",
      details: { account, errno, sqlState, code: error.code },
    })
  }
}
