import { quoteIdentifier } from './quote.ts'
import { asText } from './session.ts'
import type { Row, Session } from './session.ts'

/** A table by its name. */
export interface TableOfDatabase {
  readonly database: string
  readonly table: string
}

/** What reads the time zone of the session also where no `TIMESTAMP` column is named. */
const ZONE_FUNCTIONS = /\b(?:from_unixtime|unix_timestamp|convert_tz)\b/i

/**
 * The tables of these databases that keep values which were computed in the time zone of a session: stored generated
 * columns, and virtual ones and expressions in an index, over a `TIMESTAMP` column or a function that reads the zone. A
 * table too many is possible, as where `UNIX_TIMESTAMP` is asked of a `TIMESTAMP`.
 */
export async function zoneDependentTables(
  session: Session,
  databases: readonly string[],
): Promise<readonly TableOfDatabase[]> {
  if (databases.length === 0) return []
  const list = databases.map(() => '?').join(', ')
  const columns = await session.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tbl, COLUMN_NAME AS name, DATA_TYPE AS type, EXTRA AS extra, GENERATION_EXPRESSION AS expression
       FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA IN (${list}) AND (DATA_TYPE = 'timestamp' OR GENERATION_EXPRESSION <> '')`,
    databases,
  )
  const indexed = await session.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tbl, COLUMN_NAME AS name, ${await indexExpression(session)} AS expression
       FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN (${list})`,
    databases,
  )
  const keysOf = byTable(indexed)
  return [...byTable(columns)].flatMap(([key, ofTable]) => {
    if (!keepsZonedValues(ofTable, keysOf.get(key) ?? [])) return []
    return { database: asText(ofTable[0]?.['db']), table: asText(ofTable[0]?.['tbl']) }
  })
}

// Since MySQL 8.0.13: https://dev.mysql.com/doc/refman/en/create-index.html#create-index-functional-key-parts
async function indexExpression(session: Session): Promise<string> {
  const [name] = await session.column(
    `SELECT COLUMN_NAME FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'STATISTICS' AND COLUMN_NAME = 'EXPRESSION'`,
  )
  return name ?? 'NULL'
}

function byTable(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  return Map.groupBy(rows, ({ db, tbl }) => JSON.stringify([asText(db), asText(tbl)]))
}

function keepsZonedValues(columns: readonly Row[], keys: readonly Row[]): boolean {
  const zoned = new Set<string>()
  const isZoned = (expression: unknown): boolean => {
    const text = asText(expression).toLowerCase()
    return ZONE_FUNCTIONS.test(text) || [...zoned].some((name) => text.includes(quoteIdentifier(name)))
  }
  const add = ({ name, type, expression }: Row): void => {
    if (type === 'timestamp' || isZoned(expression)) zoned.add(asText(name).toLowerCase())
  }
  // A generated column may be of another one.
  for (let before = -1; before < zoned.size;) {
    before = zoned.size
    columns.forEach(add)
  }
  const inKeys = new Set(keys.map(({ name }) => asText(name).toLowerCase()))
  const isKept = ({ name, extra }: Row): boolean =>
    /\b(?:STORED|PERSISTENT)\b/i.test(asText(extra)) || inKeys.has(asText(name).toLowerCase())
  return (
    columns.some((column) => asText(column['expression']) !== '' && isZoned(column['expression']) && isKept(column)) ||
    keys.some(({ expression }) => isZoned(expression))
  )
}
