/** Such statements can hold a password or its hash; plans, lists and errors are mailed around. */
const SECRET = /\b(identified|password|credential|master_password|source_password)\b/i

/** Whether a statement must not be shown. */
export function mentionsSecret(statement: string): boolean {
  return SECRET.test(statement)
}
