import { accountOfCurrentUser, formatAccount } from './account-name.ts'
import type { Server } from './server.ts'

/** Whether we connect with this account, or our client programs do: of theirs only the name is known, not the host the server finds for it. */
export function isOwnAccount({ account: own, connection, tools }: Server, account: string): boolean {
  const { user } = tools.connection
  const isToolsAccount = user !== connection.user && account.startsWith(formatAccount(user, '').slice(0, -1))
  return isToolsAccount || account === accountOfCurrentUser(own)
}
