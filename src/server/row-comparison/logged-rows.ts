import type { BinlogEvent } from '../../binlog/event.ts'
import type { RowImages } from '../../binlog/image-events.ts'
import { quoteIdentifier } from '../quote.ts'
import { asText } from '../session.ts'
import type { Row } from '../session.ts'
import { sameValue } from './same-value.ts'
import { scratchName } from './scratch-tables.ts'
import type { ColumnFacts, RowKey, TableFacts } from './table-facts.ts'

/** Rows of a table that has a key, as a log tells them. */
export interface LoggedRows extends RowImages {
  readonly table: TableFacts
  readonly key: RowKey
  /** Indexes of the columns to compare. */
  readonly compared: readonly number[]
  /** One of the events they are of. */
  readonly like: BinlogEvent
}

/** How one row of a server differs from what a log says. */
export interface RowDifference {
  /** Which of the rows it is. */
  readonly index: number
  /** Whether there is no such row at all. */
  readonly isMissing: boolean
  /** The columns that differ. */
  readonly columns: readonly string[]
  /** The columns of its key, with the values of those that hold whole numbers. */
  readonly key: readonly { readonly column: string; readonly value: string | undefined }[]
}

/**
 * SQL that counts them, as `found`, and those of them that are not the same on the server, as `different`; `name` is the
 * table they are in.
 */
export function countSql(rows: LoggedRows, name: string): string {
  return `SELECT COUNT(*) AS found, COALESCE(SUM(NOT (${sameRow(rows)})), 0) AS different ${joined(rows, name)}`
}

/** SQL that tells how one row differs, for {@link differenceOf}. */
export function differenceSql(row: LoggedRows, name: string): string {
  const { table, key } = row
  const isMissing = `b.${quoteIdentifier(table.columns[key.columns[0]!]!.name)} IS NULL AS missing`
  const values = key.columns.map((index, i) => `a.${quoteIdentifier(table.columns[index]!.name)} AS key${i}`)
  const different = comparedOf(row).map((column, i) => `NOT (${sameValue(column) ?? 'FALSE'}) AS different${i}`)
  return `SELECT ${[isMissing, ...values, ...different].join(', ')} ${joined(row, name)}`
}

/** Whole numbers name a row to whoever looks for it; other values may be private. */
const SHOWN: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])

/** Reads the answer. */
export function differenceOf(answer: Row, row: LoggedRows): Omit<RowDifference, 'index'> {
  const { table, key } = row
  return {
    isMissing: asText(answer['missing']) === '1',
    columns: comparedOf(row).flatMap(({ name }, i) => (asText(answer[`different${i}`]) === '1' ? name : [])),
    key: key.columns.map((index, i) => {
      const { name, type } = table.columns[index]!
      return { column: name, value: SHOWN.has(type) ? asText(answer[`key${i}`]) : undefined }
    }),
  }
}

function joined({ table, key }: LoggedRows, name: string): string {
  const pairs = key.columns.map((index) => {
    const column = quoteIdentifier(table.columns[index]!.name)
    return `b.${column} = a.${column}`
  })
  const hint = key.isVisible ? ` FORCE INDEX (${quoteIdentifier(key.name)})` : ''
  const history = table.isVersioned ? ' FOR SYSTEM_TIME ALL' : ''
  const found = `${quoteIdentifier(table.database)}.${quoteIdentifier(table.table)}${history} AS b${hint}`
  return `FROM ${scratchName(name)}${history} AS a LEFT JOIN ${found} ON ${pairs.join(' AND ')}`
}

function sameRow(rows: LoggedRows): string {
  return comparedOf(rows)
    .map((column) => sameValue(column) ?? 'FALSE')
    .join(' AND ')
}

function comparedOf({ table, compared }: LoggedRows): readonly ColumnFacts[] {
  return compared.map((index) => table.columns[index]!)
}
