/** Stands in place of what is not shown. */
export const NOT_SHOWN = '(not shown: it may hold a password)'

// Every statement that defines, changes or uses a password has one of these words in front of it: CREATE and ALTER USER,
// GRANT, CLONE ... IDENTIFIED, SET PASSWORD, PASSWORD(), CHANGE REPLICATION SOURCE ... SOURCE_PASSWORD, START REPLICA and
// START GROUP_REPLICATION ... PASSWORD, SERVER ... OPTIONS (PASSWORD ...), keys of AES_ENCRYPT. What the servers hide in
// their own logs: https://dev.mysql.com/doc/refman/en/password-logging.html
const SECRET_WORD = /identified|passw(?:or)?d|passphrase|credential|secret|auth(?:entication)?_string|(?:en|de)crypt\b/i

// CONNECTION='mysql://user:password@host/...' of a FEDERATED table, whole or cut off.
const ACCOUNT_IN_URL = /:\/\/[^\s/'"`]*[:@]/

// Sentences of servers and programs, and names of authentication plugins, that have such a word and give nothing away.
const HARMLESS =
  /\(using password: (?:YES|NO)\)|\bYour password (?:does not satisfy the current policy requirements|has expired)|\breset your password using ALTER USER\b|\b(?:mysql_native|caching_sha2|sha256)_password\b/g

// A syntax error quotes the statement from the place it could not be read on: the telling word may lie before it.
// It is known by its number (1064, 1149) in any language of the server.
const SYNTAX_ERROR = /\bnear ['"`]|\b(?:ERROR|error:?) (?:1064|1149)\b/

// How a client names what was refused, in the one form of both flavors; MariaDB's writes the whole statement before it.
const REFUSED = /^ERROR \d{1,5} \([0-9A-Z]{5}\) at line \d+(?=:)/gm

// How any program begins what it says: its name, the number, the state. No statement begins so.
const MESSAGE_HEAD =
  /^(?:[\w.-]{1,40}: )?(?:\[?(?:error|warning|note)\]?|got error)(?::? \d{1,5})?(?: \([0-9A-Z]{5}\))?(?=[: ])/i

/**
 * Whether a text, or a statement, may hold a secret: a password, its hash, a key. Such a text is shown nowhere: plans,
 * lists, errors and logs are mailed around. Where it is unsure it says yes.
 */
export function mayHoldSecret(text: string): boolean {
  return SECRET_WORD.test(text.replace(HARMLESS, '')) || ACCOUNT_IN_URL.test(text)
}

/**
 * What a server or a program said, fit to be shown. Messages quote statements, over several lines, cut off at any place:
 * once a text may hold a secret nothing of it is shown but the number of its error. Every text that was not written by us
 * goes through here on its way into an error, a log or a report.
 */
export function withoutSecrets(text: string): string {
  if (!mayHoldSecret(text) && !SYNTAX_ERROR.test(text)) return text
  const head = text.match(REFUSED)?.at(-1) ?? MESSAGE_HEAD.exec(text)?.[0]
  return head === undefined ? NOT_SHOWN : `${head}: ${NOT_SHOWN}`
}
