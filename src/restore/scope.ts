import { dataChanges } from '../binlog/data-changes.ts'
import type { Definition } from '../binlog/statement-changes.ts'
import type { Transaction } from '../binlog/transaction.ts'
import { RestoredTables } from '../image/restored-tables.ts'
import type { RestoreScope } from '../image/restored-tables.ts'
import { tableName } from '../image/touched.ts'
import type { TableChange } from '../image/touched.ts'

/**
 * What becomes of a transaction in a restore: replayed (`inside`), left out (`outside`), replayed as far as it is about
 * restored tables (`part`: what it is then); or a reason why that cannot be told, or not be done.
 */
export type ScopeSide = 'inside' | 'outside' | { readonly part: Transaction } | { readonly reason: string }

/** Tells it for the transactions of a log, in their order. */
export type ScopeRule = (transaction: Transaction) => ScopeSide

/**
 * The rule of a restore that brings back some tables only, of a backup of some databases or by choice: it replays what
 * touches these and no others, and of row changes of both those of these. Nothing is guessed: what may depend on a table
 * that is left out is a reason against the restore.
 *
 * What touches no table (a grant, an empty transaction) belongs to no database. It is replayed with whole databases, and
 * left out where tables or databases were chosen: accounts are none of them.
 */
export function scopeRule(scope: RestoreScope): ScopeRule {
  const restored = new RestoredTables(scope)
  if (restored.isAll) return () => 'inside'
  const aside = scope.only === undefined ? 'inside' : 'outside'
  /** Where the changes of prepared XA transactions are, by name. */
  const prepared = new Map<string, ScopeSide>()

  return (transaction) => {
    const { xa } = transaction
    if (xa?.part === 'ended') {
      return (
        prepared.get(xa.xid) ?? { reason: 'it ends an XA transaction, and it is not known which tables that touched' }
      )
    }
    const side = sideOf(transaction, restored, aside)
    if (xa !== undefined) prepared.set(xa.xid, side)
    return side
  }
}

function sideOf(transaction: Transaction, restored: RestoredTables, aside: 'inside' | 'outside'): ScopeSide {
  const { changes, tablesKnown, definitions = [], rowsObstacle } = transaction
  if (!tablesKnown) return { reason: 'it is not known which tables it touches, and only some are restored' }
  if (dataChanges(changes).length === 0) {
    const isTemporary = aside === 'outside' && definitions.some(({ of }) => of === 'temporary')
    return isTemporary ? { reason: 'it makes a temporary table, which what is replayed may need' } : aside
  }
  const unclear = changes.find((change) => isUnclear(change, definitions, restored))
  if (unclear !== undefined) return { reason: reasonOf(unclear) }
  const data = dataChanges(changes)
  const inside = data.filter((change) => isInside(change, definitions, restored))
  if (inside.length === 0) return 'outside'
  if (inside.length < data.length) {
    if (rowsObstacle === undefined) return { part: rowsRestored(transaction, restored) }
    return {
      reason: `it touches tables that are restored and others that are not, and is not row changes alone: ${rowsObstacle}`,
    }
  }
  const lack = lackOf(transaction, restored)
  return lack === undefined ? 'inside' : { reason: lack }
}

/** What a transaction that touches restored tables alone would not find on a server with these alone. */
function lackOf(
  { copies, definitions = [], executedIn = [] }: Transaction,
  restored: RestoredTables,
): string | undefined {
  const reads = [...(copies === undefined ? [] : [copies]), ...definitions.flatMap((definition) => definition.reads)]
  const missing = reads.find(
    ({ database, table }) => !(table === undefined ? restored.hasWhole(database) : restored.has({ database, table })),
  )
  if (missing !== undefined) {
    return `what it defines needs ${tableName(missing)}, which is not restored`
  }
  if (definitions.some(({ readsMore }) => readsMore)) {
    return 'what it defines takes values from other tables, and it is not known whether all of them are restored'
  }
  // The binlog programs print a USE before it.
  const database = executedIn.find((name) => !restored.hasSome(name))
  return database === undefined ? undefined : `it was executed in the database ${database}, which is not restored`
}

/** Whether a change is about what is restored, where that is clear. */
function isInside(
  { database, table }: TableChange,
  definitions: readonly Definition[],
  restored: RestoredTables,
): boolean {
  if (table !== undefined) return restored.has({ database, table })
  if (restored.hasWhole(database)) return true
  // The database of chosen tables comes and goes with them, and what it says holds for new ones. Its code is left out; to
  // drop a trigger that is not there does no harm.
  return restored.hasSome(database) && definitions.every(({ of }) => of === 'database' || of === 'trigger')
}

/** Whether nobody can tell if a change is about a chosen table. */
function isUnclear(
  { database, table }: TableChange,
  definitions: readonly Definition[],
  restored: RestoredTables,
): boolean {
  if (restored.hasWhole(database) || !restored.hasSome(database)) return false
  if (definitions.some(({ of }) => of === 'view')) return table !== undefined && restored.has({ database, table })
  if (table !== undefined) return false
  return definitions.length === 0 || definitions.some(({ of, ifExists }) => of === 'trigger' && !ifExists)
}

function reasonOf({ database, table }: TableChange): string {
  return table === undefined
    ? `it changes something in the database ${database}, maybe a trigger of a restored table`
    : `it defines the view ${database}.${table}, and views are restored with their whole database only`
}

/** Row changes as they would be had they been about restored tables alone. */
export function rowsRestored(transaction: Transaction, restored: RestoredTables): Transaction {
  const isRestored = ({ database, table }: TableChange): boolean =>
    table !== undefined && restored.has({ database, table })
  if (transaction.rowsObstacle !== undefined || transaction.changes.every(isRestored)) return transaction
  const { rowEventsOf = [] } = transaction
  const kept = transaction.changes.flatMap((change, i) =>
    isRestored(change) ? [{ change, events: rowEventsOf[i] ?? 0 }] : [],
  )
  return {
    ...transaction,
    changes: kept.map(({ change }) => change),
    rowEventsOf: kept.map(({ events }) => events),
    rowEvents: kept.reduce((sum, { events }) => sum + events, 0),
    rows: kept.reduce((sum, { change: { inserted, updated, deleted } }) => sum + inserted + updated + deleted, 0),
  }
}
