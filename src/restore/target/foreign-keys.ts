import type { RestoredTables, TableName } from '../../image/restored-tables.ts'
import { tableName } from '../../image/touched.ts'
import { asText } from '../../server/session.ts'
import type { Session } from '../../server/session.ts'

/** A foreign key. */
export interface ForeignKey {
  readonly name: string
  /** The table that has it. */
  readonly child: TableName
  /** The table it refers to. */
  readonly parent: TableName
}

/**
 * The foreign keys of restored tables to others; behind them those of these others to further ones: all that would have to be
 * restored as well.
 */
export async function parentsLeftOut(session: Session, restored: RestoredTables): Promise<readonly ForeignKey[]> {
  const rows = await session.query(
    `SELECT CONSTRAINT_NAME AS name, CONSTRAINT_SCHEMA AS db, TABLE_NAME AS child,
            UNIQUE_CONSTRAINT_SCHEMA AS parentDb, REFERENCED_TABLE_NAME AS parent
       FROM information_schema.REFERENTIAL_CONSTRAINTS ORDER BY db, child, name`,
  )
  const keys = rows.map((row): ForeignKey => {
    const [name, db, child, parentDb, parent] = ['name', 'db', 'child', 'parentDb', 'parent'].map((key) =>
      asText(row[key]),
    )
    return { name: name!, child: { database: db!, table: child! }, parent: { database: parentDb!, table: parent! } }
  })
  const outwards = keys.filter(({ parent }) => !restored.has(parent))
  const found = outwards.filter(({ child }) => restored.has(child))
  // It grows while it is read.
  for (const { parent } of found) {
    found.push(...outwards.filter((key) => !found.includes(key) && tableName(key.child) === tableName(parent)))
  }
  return found
}
