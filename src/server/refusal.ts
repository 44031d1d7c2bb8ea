import { withoutSecrets } from '../secrets.ts'

/** Longer than any message of a server. */
const LIMIT_CHARACTERS = 1000

/** How the clients name what was refused; MariaDB's writes the whole statement, rows and all, before it. */
const REFUSED = /^ERROR (?<errno>\d{1,5}) \([0-9A-Z]{5}\)(?: at line (?<line>\d+))?:/m

/**
 * Errors whose text quotes a value of a row: duplicates, and values that do not fit. See the
 * [error messages](https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html).
 */
const QUOTE_VALUES = new Set([1062, 1292, 1300, 1366, 1367, 1411, 1525, 1586])
/** Those that name the key behind the value. */
const NAME_KEY = new Set([1062, 1586])

/** What a program said of its refused statement, fit to be shown: without the statement, rows or secrets, and not for pages. */
export function refusalOf(complaint: string): { readonly said: string; readonly line?: number | undefined } {
  const { index = 0, groups } = REFUSED.exec(complaint) ?? {}
  const shown = withoutSecrets(complaint)
  const said = shown === complaint ? complaint.slice(index) : shown
  return {
    said: withoutValues(said, Number(groups?.['errno'])),
    line: groups?.['line'] === undefined ? undefined : Number(groups['line']),
  }
}

/** A server's message without values of rows. What is around them depends on the language of the server, quotes do not. */
export function withoutValues(said: string, errno: number | undefined): string {
  if (errno === undefined || !QUOTE_VALUES.has(errno)) return cut(said)
  const key = NAME_KEY.has(errno) ? /'[^']*'[^']*$/.exec(said)?.[0] : undefined
  const value = said.search(/['"`]/)
  if (value < 0) return cut(said)
  return cut(`${said.slice(0, value)}(a value)${key === undefined ? '' : `, ${key}`}`)
}

function cut(text: string): string {
  return text.length <= LIMIT_CHARACTERS ? text : `${text.slice(0, LIMIT_CHARACTERS)} ...`
}
