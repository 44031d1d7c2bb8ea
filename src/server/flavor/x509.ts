import { quoteString } from '../quote.ts'
import { asText } from '../session.ts'
import type { Row } from '../session.ts'

/**
 * Repairs the REQUIRE clause of a statement the server wrote: it does not escape quotes and backslashes in the names of a
 * certificate (seen on 9.7 and 11.8). `row` has the names as they are: `subject`, `issuer`, `cipher`.
 */
export function withQuotedCertificateNames(statement: string, row: Row): string {
  const words = { SUBJECT: row['subject'], ISSUER: row['issuer'], CIPHER: row['cipher'] }
  let repaired = statement
  for (const [word, value] of Object.entries(words)) {
    const name = asText(value)
    if (/['\\]/.test(name)) repaired = repaired.replace(`${word} '${name}'`, () => `${word} ${quoteString(name)}`)
  }
  return repaired
}
