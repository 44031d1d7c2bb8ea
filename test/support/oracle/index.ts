export { expectedPrefix, positionCompare } from './expected-prefix.ts'
export type { Wanted } from './expected-prefix.ts'
export type { LoggedTransaction } from './logged-transaction.ts'
export { readOrder } from './read-order.ts'
