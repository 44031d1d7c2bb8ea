import { PitrError } from '../../errors.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import type { Server } from '../../server/server.ts'

/** One GRANT PROXY: for whom one may act. An empty user is everybody. */
interface ProxyGrant {
  readonly user: string
  readonly host: string
  readonly grantable: boolean
}

const NAME = "(?:`(?:[^`]|``)*`|'(?:[^']|'')*')"
const PROXY = new RegExp(`^GRANT PROXY ON (?<user>${NAME})@(?<host>${NAME}) TO (?<rest>.*)$`, 's')

/**
 * Throws `MissingPrivilege` when one of `accounts` may act for another (PROXY) and the account of the restore may not pass
 * that on. Only who has the right with grant option can give it, and `ALL PRIVILEGES` does not contain it: see
 * [proxy users](https://dev.mysql.com/doc/refman/en/proxy-users.html). Reads only.
 */
export async function requireProxyRight(server: Server, accounts: readonly AccountDefinition[]): Promise<void> {
  const wanted = accounts.flatMap(({ account, grants }) => proxyGrants(grants).map((grant) => ({ account, grant })))
  if (wanted.length === 0) return
  const own = proxyGrants(await server.withSession(async (session) => session.column('SHOW GRANTS')))
  const missing = wanted.find(({ grant }) => !own.some((held) => covers(held, grant)))
  if (missing === undefined) return
  const { account, grant } = missing
  throw new PitrError('MissingPrivilege', {
    subject: `PROXY for ${server.account}`,
    message: `the account ${account} of the backup may act for '${grant.user}'@'${grant.host}' (PROXY), and ${server.account} cannot give it that`,
    hint: "As root of the target: GRANT PROXY ON ''@'' (MariaDB: ''@'%') TO this account WITH GRANT OPTION. Or restore with accounts: 'none'.",
    details: { account, user: grant.user, host: grant.host },
  })
}

function proxyGrants(grants: readonly string[]): readonly ProxyGrant[] {
  return grants.flatMap((grant) => {
    const { user, host, rest } = PROXY.exec(grant)?.groups ?? {}
    if (user === undefined || host === undefined || rest === undefined) return []
    return [{ user: unquoted(user), host: unquoted(host), grantable: rest.endsWith(' WITH GRANT OPTION') }]
  })
}

/** Both flavors take either form of "everybody": an empty host, and `%`. */
function covers(held: ProxyGrant, wanted: ProxyGrant): boolean {
  if (!held.grantable) return false
  if (held.user === '' && (held.host === '' || held.host === '%')) return true
  return held.user === wanted.user && held.host === wanted.host
}

function unquoted(name: string): string {
  const quote = name.slice(0, 1)
  return name.slice(1, -1).replaceAll(quote + quote, quote)
}
