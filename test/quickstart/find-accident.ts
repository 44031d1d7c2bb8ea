import type { FoundTransaction, RecoveryImageManager } from '../../src/index.ts'

/** The transaction that deleted the most rows of a table: what a `DELETE` without `WHERE` looks like in the log. */
export async function findBiggestDelete(manager: RecoveryImageManager, table: string): Promise<FoundTransaction> {
  let biggest: FoundTransaction | undefined
  for await (const found of manager.transactions({ table, kind: 'row' })) {
    if (deletedRows(found, table) > deletedRows(biggest, table)) biggest = found
  }
  if (biggest === undefined) throw new Error(`no transaction of the archive deleted anything from ${table}`)
  return biggest
}

/** Rows of a table a transaction deleted. */
export function deletedRows(found: FoundTransaction | undefined, wanted: string): number {
  const changes = found?.changes.filter(({ database, table }) => `${database}.${table}` === wanted) ?? []
  return changes.reduce((sum, { deleted }) => sum + deleted, 0)
}
