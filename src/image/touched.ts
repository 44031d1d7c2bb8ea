/**
 * What a transaction is made of, as replay sees it:
 * `row`: row events only; `ddl`: one statement that defines something (also GRANT, CREATE USER); `statement`: DML logged as
 * statements; `mixed`: row events and statements; `empty`: nothing that changes data; `xa`: a part of an XA transaction.
 */
export type TransactionKind = 'row' | 'ddl' | 'statement' | 'mixed' | 'empty' | 'xa'

/** Every {@link TransactionKind}. */
export const TRANSACTION_KINDS: readonly TransactionKind[] = ['row', 'ddl', 'statement', 'mixed', 'empty', 'xa']

/** A table, or a whole database. */
export interface TouchedTable {
  /** Database of the table. */
  readonly database: string
  /** Name of the table; undefined when a statement concerns the whole database. */
  readonly table?: string | undefined
}

/** Its name as `database.table`; `database.*` for a whole database. */
export function tableName({ database, table }: TouchedTable): string {
  return `${database}.${table ?? '*'}`
}

/** What one transaction did to one table. */
export interface TableChange extends TouchedTable {
  /** Rows written by row events; 0 for statements. */
  readonly inserted: number
  /** Rows changed by row events; 0 for statements. */
  readonly updated: number
  /** Rows removed by row events; 0 for statements. */
  readonly deleted: number
}

/** What the transactions of a range of log are made of: enough to know where not to look for one. */
export interface Touched {
  /** The kinds that occur. */
  readonly kinds: readonly TransactionKind[]
  /** Every table they touch; undefined when that is not known, or when there are more than are worth naming. */
  readonly tables?: readonly TouchedTable[] | undefined
}
