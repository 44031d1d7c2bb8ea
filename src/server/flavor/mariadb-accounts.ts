import { formatAccount } from '../account-name.ts'
import { quoteIdentifier } from '../quote.ts'
import { asText } from '../session.ts'
import type { Row, Session } from '../session.ts'
import type { AccountDefinition } from './flavor-dialect.ts'
import { asIfOpen, closingClause, isClosed, openingClause, TLS_COLUMNS } from './mariadb-closed-accounts.ts'
import { withQuotedCertificateNames } from './x509.ts'

// mariadb.sys owns the views of the sys schema and exists on every server; PUBLIC is no account that could be made.
const ACCOUNTS = `SELECT User, Host, is_role, ${TLS_COLUMNS}
   FROM mysql.user
  WHERE NOT (User = 'mariadb.sys' AND Host = 'localhost') AND User <> 'PUBLIC' ORDER BY is_role DESC, User, Host`

/** What everyone may do, as an account that is always there: https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/grant#to-public */
export const PUBLIC = 'PUBLIC'

interface AccountName {
  readonly account: string
  readonly role: boolean
}

/** All accounts and roles as statements, as they are when none is closed. See [SHOW GRANTS](https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/show/show-grants). */
export async function mariadbAccounts(session: Session): Promise<readonly AccountDefinition[]> {
  const definitions: AccountDefinition[] = []
  for (const row of await session.query(ACCOUNTS)) {
    const { account, role } = nameOf(row)
    const grants = await session.column(`SHOW GRANTS FOR ${account}`)
    if (role) {
      // The list repeats the grants of the roles it holds.
      const own = grants.filter((grant) => isFor(grant, account))
      definitions.push({ account, create: `CREATE ROLE ${account}`, grants: own, role, locked: false })
      continue
    }
    const shown = (await session.value(`SHOW CREATE USER ${account}`)) ?? ''
    const create = asIfOpen(withQuotedCertificateNames(shown, row), row)
    const plain = grants.map((grant) => withoutAuthentication(grant, row))
    definitions.push({ account, create, grants: plain, role, locked: / ACCOUNT LOCK\b/.test(create) })
  }
  const everyone = await publicGrants(session)
  if (everyone.length === 0) return definitions
  return [...definitions, { account: PUBLIC, create: 'DO 0', grants: everyone, role: true, locked: false }]
}

/** Keeps out all accounts but some, see {@link closingClause}. Those that are connected stay. */
export async function closeMariadbAccounts(session: Session, isExempt: (account: string) => boolean): Promise<void> {
  for (const row of await session.query(ACCOUNTS)) {
    const { account, role } = nameOf(row)
    if (!role && !isClosed(row) && !isExempt(account))
      await session.query(`ALTER USER ${account} ${closingClause(row)}`)
  }
}

/** Lets in all that are kept out so. */
export async function openMariadbAccounts(session: Session): Promise<void> {
  for (const row of await session.query(ACCOUNTS)) {
    if (isClosed(row)) await session.query(`ALTER USER ${nameOf(row).account} ${openingClause(row)}`)
  }
}

/** Servers before 10.11 know no PUBLIC; later ones have it once something was granted to it. */
async function publicGrants(session: Session): Promise<readonly string[]> {
  const [there] = await session.query("SELECT User FROM mysql.user WHERE User = 'PUBLIC' AND Host = ''")
  return there === undefined ? [] : await session.column('SHOW GRANTS FOR PUBLIC')
}

function nameOf(row: Row): AccountName {
  const role = asText(row['is_role']) === 'Y'
  const user = asText(row['User'])
  return { role, account: role ? quoteIdentifier(user) : formatAccount(user, asText(row['Host'])) }
}

/**
 * A grant of global privileges repeats password, TLS and limits of CREATE USER. Run again, it would make the password a
 * new one: not expired any more.
 */
function withoutAuthentication(grant: string, row: Row): string {
  const name = `${quoteIdentifier(asText(row['User']))}@${quoteIdentifier(asText(row['Host']))}`
  const head = ` ON *.* TO ${name}`
  const end = grant.indexOf(head) + head.length
  if (end < head.length) return grant
  const rest = grant.slice(end).replaceAll(/'[^']*'/g, '')
  return grant.slice(0, end) + (/ WITH (?:.* )?GRANT OPTION/.test(rest) ? ' WITH GRANT OPTION' : '')
}

function isFor(grant: string, role: string): boolean {
  return new RegExp(` TO ${role.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?: |$)`).test(grant)
}
