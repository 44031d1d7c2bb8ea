import { formatAccount } from '../account-name.ts'
import { asText } from '../session.ts'
import type { Row, Session } from '../session.ts'
import type { AccountDefinition } from './flavor-dialect.ts'
import { withQuotedCertificateNames } from './x509.ts'

// The accounts every server has for itself: https://dev.mysql.com/doc/refman/en/reserved-accounts.html
const USERS = `SELECT User, Host, x509_subject AS subject, x509_issuer AS issuer, ssl_cipher AS cipher FROM mysql.user
  WHERE NOT (User IN ('mysql.sys', 'mysql.session', 'mysql.infoschema') AND Host = 'localhost') ORDER BY User, Host`

const NAME = '`(?:[^`]|``)*`@`(?:[^`]|``)*`'
const DEFAULT_ROLE = new RegExp(` DEFAULT ROLE ((?:${NAME},? ?)+)(?= REQUIRE )`)

/**
 * All accounts as statements; a role is an account like any other on MySQL. A second password (RETAIN CURRENT PASSWORD) is not among them: no statement makes one from
 * its hash. See [SHOW CREATE USER](https://dev.mysql.com/doc/refman/en/show-create-user.html).
 */
export async function mysqlAccounts(session: Session): Promise<readonly AccountDefinition[]> {
  // The hash of a password is bytes; as text some of them would be lost.
  await session.query('SET SESSION print_identified_with_as_hex = ON')
  const definitions: AccountDefinition[] = []
  for (const row of await session.query(USERS)) {
    const account = nameOf(row)
    const shown = (await session.value(`SHOW CREATE USER ${account}`)) ?? ''
    const create = withQuotedCertificateNames(shown, row)
    const grants = await session.column(`SHOW GRANTS FOR ${account}`)
    // A default role must exist and be granted, so it comes last.
    const defaultRole = DEFAULT_ROLE.exec(create)?.[1]
    definitions.push({
      account,
      create: create.replace(DEFAULT_ROLE, ''),
      grants: defaultRole === undefined ? grants : [...grants, `ALTER USER ${account} DEFAULT ROLE ${defaultRole}`],
      role: false,
      locked: / ACCOUNT LOCK\b/.test(create),
    })
  }
  return definitions
}

function nameOf(row: Row): string {
  return formatAccount(asText(row['User']), asText(row['Host']))
}
