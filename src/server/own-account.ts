import { accountOfCurrentUser, formatAccount } from './account-name.ts'
import { quoteString } from './quote.ts'

/** What a server is told of who we are. */
export interface OwnLogins {
  readonly account: string
  readonly connection: { readonly user: string }
  readonly tools: { readonly connection: { readonly user: string } }
}

/** Whether we connect with this account, or our client programs do: of theirs only the name is known, not the host the server finds for it. */
export function isOwnAccount({ account: own, connection, tools }: OwnLogins, account: string): boolean {
  const { user } = tools.connection
  const isToolsAccount = user !== connection.user && account.startsWith(beginOf(user))
  return isToolsAccount || account === accountOfCurrentUser(own)
}

/**
 * Whether a login of ours could become one of this account once it exists: a server takes the most specific host that fits,
 * then a user's name rather than no name ([access control](https://dev.mysql.com/doc/refman/en/connection-access.html)).
 */
export function takesOurLogins({ account: own, connection, tools }: OwnLogins, account: string): boolean {
  const user = ['', connection.user, tools.connection.user].find((name) => account.startsWith(beginOf(name)))
  if (user === undefined) return false
  const host = account.slice(beginOf(user).length, -1)
  // The least specific host of all, and one where our own name goes before none.
  return host !== '%' && !(user === '' && accountOfCurrentUser(own).endsWith(`@${quoteString(host)}`))
}

/** The account of this user up to its host. */
function beginOf(user: string): string {
  return formatAccount(user, '').slice(0, -1)
}
