import { quoteIdentifier } from '../quote.ts'
import { asText } from '../session.ts'
import type { Row, Session } from '../session.ts'

/** A column of a table, as far as its values are compared. */
export interface ColumnFacts {
  readonly name: string
  /** `information_schema`'s name of its type. */
  readonly type: string
  /** Its character set, of a text. */
  readonly characterSet: string | undefined
  /** What the server computes it of; '' when it does not. Of when a row came to be and went: `ROW START` and `ROW END`. */
  readonly generation: string
}

/** A unique key without NULLs: it names each row. */
export interface RowKey {
  readonly name: string
  /** Indexes of its columns. */
  readonly columns: readonly number[]
  /** Whether statements may name it. */
  readonly isVisible: boolean
}

/** Names a table. */
export interface TableRef {
  readonly database: string
  readonly table: string
}

/** A foreign key by which rows change when those of another table do. */
export interface Cascade {
  /** That other table. */
  readonly parent: TableRef
  /** Indexes of the columns that change. */
  readonly columns: readonly number[]
}

/** What a table of a server is, as far as its rows are compared. */
export interface TableFacts extends TableRef {
  /** SHOW CREATE TABLE: as long as it says the same the table is the same. */
  readonly definition: string
  /** Those that can be named, in their order. */
  readonly columns: readonly ColumnFacts[]
  /** How many its row events have: those that cannot be named stand behind the others. */
  readonly loggedColumns: number
  /** Whether rows that are gone stay in it ([system-versioned](https://mariadb.com/docs/server/reference/sql-structure/temporal-tables/system-versioned-tables)). */
  readonly isVersioned: boolean
  /** What names its rows; undefined when nothing does that could be used. */
  readonly key: RowKey | undefined
  /** Whether the server itself looks for rows by such a key, and compares no other columns then. */
  readonly isFoundByKey: boolean
  readonly cascades: readonly Cascade[]
}

/** `database.table` as it is told from others; servers that do not tell cases apart write names in several. */
export function tableKey({ database, table }: TableRef): string {
  return `${database}.${table}`.toLowerCase()
}

/** Reads what a table is; undefined when there is none. */
export async function readTableFacts(session: Session, { database, table }: TableRef): Promise<TableFacts | undefined> {
  const [shape] = await session.query(
    'SELECT TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  )
  if (shape === undefined) return undefined
  const isVersioned = asText(shape['type']) === 'SYSTEM VERSIONED'
  const visible = (
    await session.query(
      `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_SET_NAME AS characterSet, GENERATION_EXPRESSION AS generation
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
      [database, table],
    )
  ).map(columnOf)
  const isEndVisible = visible.some(({ generation }) => generation === ROW_END)
  const columns = isVersioned && !isEndVisible ? [...visible, ...PERIOD] : visible
  const indexes = await session.query(
    `SELECT * FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX`,
    [database, table],
  )
  const keys = [...Map.groupBy(indexes, (row) => asText(row['INDEX_NAME'])).values()]
  const naming = keys.filter((parts) => parts.every((part) => asText(part['NULLABLE']) !== 'YES'))
  const [definition] = await session.query(`SHOW CREATE TABLE ${quoteIdentifier(database)}.${quoteIdentifier(table)}`)
  return {
    database,
    table,
    definition: asText(Object.values(definition ?? {})[1]),
    columns,
    // MariaDB keeps a hash of each long unique value.
    loggedColumns: columns.length + keys.filter(([part]) => asText(part?.['INDEX_TYPE']) === 'HASH').length,
    isVersioned,
    key: naming.map((parts) => keyOf(parts, columns)).find((key) => key !== undefined),
    isFoundByKey: naming.length > 0,
    cascades: await readCascades(session, { database, table }, columns),
  }
}

const ROW_END = 'ROW END'
/** As they are called where no others are defined. */
const PERIOD: readonly ColumnFacts[] = [
  { name: 'row_start', type: 'timestamp', characterSet: undefined, generation: 'ROW START' },
  { name: 'row_end', type: 'timestamp', characterSet: undefined, generation: ROW_END },
]

function columnOf(row: Row): ColumnFacts {
  const [type, characterSet] = [asText(row['type']).toLowerCase(), asText(row['characterSet'])]
  return {
    name: asText(row['name']),
    type,
    characterSet: characterSet === '' ? undefined : characterSet,
    generation: asText(row['generation']),
  }
}

/** A key of columns that are not computed: computed once more, the values may be others. */
function keyOf(parts: readonly Row[], columns: readonly ColumnFacts[]): RowKey | undefined {
  const named = parts.map((part) => columns.findIndex(({ name }) => name === asText(part['COLUMN_NAME'])))
  // Rows that are gone have the key of the one that is there.
  const end = columns.findIndex(({ generation }) => generation === ROW_END)
  const indexes = end < 0 || named.includes(end) ? named : [...named, end]
  if (indexes.some((index) => index !== end && columns[index]?.generation !== '')) return undefined
  const [first] = parts
  const isVisible = asText(first?.['IS_VISIBLE']) !== 'NO' && asText(first?.['IGNORED']) !== 'YES'
  return { name: asText(first?.['INDEX_NAME']), columns: indexes, isVisible }
}

const CHANGING_RULES = "('CASCADE', 'SET NULL', 'SET DEFAULT')"

async function readCascades(
  session: Session,
  { database, table }: TableRef,
  columns: readonly ColumnFacts[],
): Promise<readonly Cascade[]> {
  const rules = await session.query(
    `SELECT CONSTRAINT_NAME AS name, UNIQUE_CONSTRAINT_SCHEMA AS parentDatabase, REFERENCED_TABLE_NAME AS parent
       FROM information_schema.REFERENTIAL_CONSTRAINTS
      WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ?
        AND (UPDATE_RULE IN ${CHANGING_RULES} OR DELETE_RULE IN ${CHANGING_RULES})`,
    [database, table],
  )
  if (rules.length === 0) return []
  const usage = await session.query(
    `SELECT CONSTRAINT_NAME AS name, COLUMN_NAME AS \`column\` FROM information_schema.KEY_COLUMN_USAGE
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL`,
    [database, table],
  )
  return rules.map((rule) => {
    const parent = { database: asText(rule['parentDatabase']), table: asText(rule['parent']) }
    const names = usage.filter(({ name }) => name === rule['name']).map(({ column }) => asText(column))
    return { parent, columns: columns.flatMap(({ name }, i) => (names.includes(name) ? [i] : [])) }
  })
}
