import { quoteString } from '../quote.ts'
import { asText } from '../session.ts'
import type { Row } from '../session.ts'

/**
 * How MariaDB keeps an account out while its server is restored: it requires a client certificate with this subject. No
 * certificate has it, for the server compares names that begin with a slash.
 *
 * Not ACCOUNT LOCK: the history that is replayed may lock an account too, or unlock it, and the server does not tell whose
 * lock it is. The requirement says itself that it is ours and what it took the place of, so there is no moment in which it
 * is made and not recorded; and a statement of the history that names another one puts that in its place, for good. See
 * [ALTER USER: TLS options](https://mariadb.com/docs/server/reference/sql-statements/account-management-sql-statements/alter-user#tls-options).
 */
const CLOSED = 'mysql_pitr: closed while this server is restored, before:'

/** Columns of `mysql.user` that say what TLS an account requires; every function here takes a row with them. */
export const TLS_COLUMNS = 'ssl_type AS tls, x509_subject AS subject, x509_issuer AS issuer, ssl_cipher AS cipher'

/** Whether an account is closed. */
export function isClosed(row: Row): boolean {
  return asText(row['subject']).startsWith(CLOSED)
}

/** The REQUIRE clause that closes an account. */
export function closingClause({ tls, cipher, issuer, subject }: Row): string {
  const before = [tls, issuer, subject, cipher].map((value) => encode(asText(value)))
  return `REQUIRE SUBJECT ${quoteString([CLOSED, ...before].join(' '))}`
}

/** The REQUIRE clause that a closed account had before, in the words of SHOW CREATE USER. */
export function openingClause(row: Row): string {
  const [tls = '', issuer = '', subject = '', cipher = ''] = asText(row['subject'])
    .slice(CLOSED.length + 1)
    .split(' ')
    .map(decodeURIComponent)
  // Anybody who may alter accounts may have written it: it is not trusted to be SQL.
  if (tls === 'ANY') return 'REQUIRE SSL'
  if (tls === 'X509') return 'REQUIRE X509'
  const names = Object.entries({ ISSUER: issuer, SUBJECT: subject, CIPHER: cipher }).filter(([, name]) => name !== '')
  if (names.length === 0) return 'REQUIRE NONE'
  return `REQUIRE ${names.map(([word, name]) => `${word} ${quoteString(name)}`).join(' ')}`
}

/** What SHOW CREATE USER says of an account, as it is when nobody has closed it. */
export function asIfOpen(shown: string, row: Row): string {
  if (!isClosed(row)) return shown
  const clause = openingClause(row)
  const open = clause === 'REQUIRE NONE' ? '' : ` ${clause}`
  return shown.replace(` REQUIRE SUBJECT '${asText(row['subject'])}'`, () => open)
}

/** Without spaces and quotes. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27')
}
