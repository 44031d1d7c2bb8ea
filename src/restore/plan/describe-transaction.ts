import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { PlannedTransaction, SkippedTransaction } from '../../image/restore-plan-parts.ts'
import { tableName } from '../../image/touched.ts'
import type { LocatedSkip } from './find-skipped.ts'
import type { Located, LogView } from './log-view.ts'

/** Enough to recognize a statement by. */
const STATEMENT_CHARACTERS = 200

/** A transaction next to the stop, with what is known of what it did. */
export function describeTransaction(log: LogView, located: Located | undefined): PlannedTransaction | undefined {
  if (located === undefined) return undefined
  const details = log.detailsOf(located)
  if (details === undefined || details instanceof PitrError) return located.ref
  const { changes, tablesKnown, statement } = details
  const tables = changes.map(tableName)
  return {
    ...located.ref,
    ...(tablesKnown ? { tables: [...new Set(tables)] } : {}),
    ...(statement === undefined ? {} : { statement: onOneLine(statement) }),
  }
}

/** A skipped transaction, with what it did. */
export function describeSkipped({ ref, transaction }: LocatedSkip): SkippedTransaction {
  const { kind, changes, rowEvents, rows, statement } = transaction
  return {
    ...ref,
    kind,
    changes,
    rowEvents,
    rows,
    ...(statement === undefined ? {} : { statement: onOneLine(statement) }),
  }
}

/** What a person should know when a transaction next to the stop lies in damaged bytes: the stop does not need them. */
export function warnOfDamage(log: LogView, located: Located | undefined): string[] {
  const details = located === undefined ? undefined : log.detailsOf(located)
  if (located === undefined || !(details instanceof PitrError)) return []
  const { start, gtid } = located.ref
  const name = gtid === undefined ? '' : `${gtid} `
  return [`What the transaction ${name}at ${formatBinlogPosition(start)} did is not known: ${details.message}.`]
}

function onOneLine(statement: string): string {
  const line = statement.replace(/\s+/g, ' ').trim()
  return line.length <= STATEMENT_CHARACTERS ? line : `${line.slice(0, STATEMENT_CHARACTERS - 1)}…`
}
