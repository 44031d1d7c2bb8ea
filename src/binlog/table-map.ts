import { ByteCursor } from './byte-cursor.ts'
import { readColumnLayouts } from './column-layout.ts'
import type { ColumnLayout } from './column-layout.ts'
import type { LogPlace } from './log-problem.ts'

/** What a Table_map event says: the table that the row events with its id are about, and how its values are laid out. */
export interface TableMap {
  readonly database: string
  readonly table: string
  readonly columns: readonly ColumnLayout[]
  /** How many columns are of MySQL's JSON type: partial updates have one bit for each. */
  readonly jsonColumns: number
  /** Whether it has the columns of a MariaDB sequence: no event says whether it is one. */
  readonly isLikeSequence: boolean
}

/** Bytes of a table id, the first field of Table_map and Rows events. */
export const TABLE_ID_BYTES = 6
const FLAGS_BYTES = 2
/** See https://dev.mysql.com/doc/refman/en/column-count-limit.html; the same on MariaDB. */
const MAX_COLUMNS = 4096

/**
 * Reads the body of a Table_map event (Table_map_event in MySQL's rows_event.h): id, flags, names, column types, column
 * metadata. What follows (nullability, optional metadata) says nothing about the size of values.
 */
export function readTableMap(body: Buffer, place: LogPlace): TableMap {
  const cursor = new ByteCursor(body, place)
  cursor.skip(TABLE_ID_BYTES + FLAGS_BYTES)
  const database = cursor.text(cursor.packed())
  cursor.skip(1)
  const table = cursor.text(cursor.packed())
  cursor.skip(1)
  const count = cursor.packed()
  if (count > MAX_COLUMNS) throw cursor.corrupt(`the table ${database}.${table} has ${count} columns`)
  const types = cursor.view(count)
  const columns = readColumnLayouts(types, cursor.view(cursor.packed()), place, `${database}.${table}`)
  cursor.skip((types.length + 7) >> 3)
  return {
    database,
    table,
    columns,
    jsonColumns: columns.filter(({ isJson }) => isJson).length,
    isLikeSequence: isLikeSequence(types),
  }
}

/** TINYINT, SMALLINT, INT, BIGINT, MEDIUMINT. */
const INTEGERS: readonly number[] = [1, 2, 3, 8, 9]

/**
 * The five numbers of a sequence are of its type, then come `cache_size`, `cycle_option` and `cycle_count`:
 * https://mariadb.com/docs/server/reference/sql-structure/sequences/sequence-overview
 */
function isLikeSequence(types: Buffer): boolean {
  const [value = 0] = types
  if (types.length !== 8 || !INTEGERS.includes(value) || !types.subarray(0, 5).every((type) => type === value))
    return false
  return types[5] === 8 && types[6] === 1 && types[7] === 8
}
