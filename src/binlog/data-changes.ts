import type { TableChange } from '../image/touched.ts'

/**
 * The changes of a transaction that belong to a database of data. What concerns the `mysql` schema as a whole is an
 * account statement: it belongs to no database, and is replayed onto a backup of whatever scope.
 */
export function dataChanges(changes: readonly TableChange[]): readonly TableChange[] {
  return changes.filter(({ database, table }) => database !== 'mysql' || table !== undefined)
}
