import type { PlannedTransaction } from '../../image/restore-plan-parts.ts'
import type { Located, LogView } from './log-view.ts'

/** Enough to recognize a statement by. */
const STATEMENT_CHARACTERS = 200

/** A transaction next to the stop, with what is known of what it did. */
export function describeTransaction(log: LogView, located: Located | undefined): PlannedTransaction | undefined {
  if (located === undefined) return undefined
  const details = log.detailsOf(located)
  if (details === undefined) return located.ref
  const { changes, tablesKnown, statement } = details
  const tables = changes.map(({ database, table }) => `${database}.${table ?? '*'}`)
  return {
    ...located.ref,
    ...(tablesKnown ? { tables: [...new Set(tables)] } : {}),
    ...(statement === undefined ? {} : { statement: onOneLine(statement) }),
  }
}

function onOneLine(statement: string): string {
  const line = statement.replace(/\s+/g, ' ').trim()
  return line.length <= STATEMENT_CHARACTERS ? line : `${line.slice(0, STATEMENT_CHARACTERS - 1)}…`
}
