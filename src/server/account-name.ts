import { quoteString } from './quote.ts'

/** Writes an account the way statements take it: `'app'@'%'`. */
export function formatAccount(user: string, host: string): string {
  return `${quoteString(user)}@${quoteString(host)}`
}

/** The account in what `CURRENT_USER()` says, `app@%`: the host holds no `@`, the user may. */
export function accountOfCurrentUser(currentUser: string): string {
  const at = currentUser.lastIndexOf('@')
  return formatAccount(currentUser.slice(0, at), currentUser.slice(at + 1))
}
