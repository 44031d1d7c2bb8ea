import type { Transaction } from '../../../binlog/transaction.ts'

/**
 * What can be lost when a replay is stopped in the text of a transaction. `none`: it is executed whole with its GTID, or not
 * at all. `part`: a part of it may be executed, or all of it without its GTID. `session`: what comes behind it may need
 * something that it leaves in the session, such as a temporary table.
 */
export type TextRisk = 'none' | 'part' | 'session'

/** Tells it for a transaction; `ddlIsAtomic`: whether a definition and its GTID are committed together. */
export function textRisk(transaction: Transaction, ddlIsAtomic: boolean): TextRisk {
  const { kind, rowsObstacle, statement = '' } = transaction
  switch (kind) {
    case 'row':
    case 'empty':
      return rowsObstacle === undefined ? 'none' : 'part'
    case 'ddl':
      if (makesTemporary(transaction, statement)) return 'session'
      return ddlIsAtomic && isOfOneTable(transaction) ? 'none' : 'part'
    case 'xa':
      return isRowsOnly(transaction) ? 'part' : 'session'
    default:
      return 'session'
  }
}

/** A definition that changes no table that stays is about a temporary one; one that drops it may come without it. */
function makesTemporary({ changes, tablesKnown }: Transaction, statement: string): boolean {
  return tablesKnown && changes.length === 0 && !/^DROP\b/i.test(statement)
}

/** One of several tables could have been dropped without the others, where they have no transactions. */
function isOfOneTable({ changes }: Transaction): boolean {
  return changes.length <= 1 && changes.every(({ table }) => table !== undefined)
}

function isRowsOnly({ changes, tablesKnown }: Transaction): boolean {
  return tablesKnown && changes.every(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
}
