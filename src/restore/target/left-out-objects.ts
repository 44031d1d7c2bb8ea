import type { RestoredTables } from '../../image/restored-tables.ts'
import { MARKER_DATABASE } from '../../server/marker-database.ts'
import type { Server } from '../../server/server.ts'
import { asText } from '../../server/session.ts'
import type { Session } from '../../server/session.ts'

/** Something on a server, as DROP names it. */
export interface DatabaseObject {
  /** `DATABASE`, `TABLE`, `VIEW`, `SEQUENCE`, `PROCEDURE`, `EVENT` and the like. */
  readonly kind: string
  readonly database: string
  /** Undefined for the database itself. */
  readonly name?: string | undefined
}

/** Where a server lists what databases hold, as far as it has such things; triggers go with their table. */
const LISTS = [
  { list: 'TABLES', prefix: 'TABLE', kind: "IF(TABLE_TYPE IN ('VIEW', 'SEQUENCE'), TABLE_TYPE, 'TABLE')" },
  { list: 'ROUTINES', prefix: 'ROUTINE', kind: 'ROUTINE_TYPE' },
  { list: 'EVENTS', prefix: 'EVENT', kind: "'EVENT'" },
  { list: 'LIBRARIES', prefix: 'LIBRARY', kind: "'LIBRARY'" },
] as const

/** What is on a server beside what a restore brings back: databases of which nothing is, and what others hold beside it. */
export async function leftOutObjects(
  { server, session }: { readonly server: Pick<Server, 'dialect'>; readonly session: Session },
  restored: RestoredTables,
): Promise<readonly DatabaseObject[]> {
  const found: DatabaseObject[] = []
  for (const database of await server.dialect.databases(session)) {
    if (database === MARKER_DATABASE || restored.hasWhole(database)) continue
    if (!restored.hasSome(database)) found.push({ kind: 'DATABASE', database })
    else found.push(...(await objectsIn(session, database)).filter((object) => !isRestored(object, restored)))
  }
  return found
}

/** All that a database holds, but triggers. */
export async function objectsIn(session: Session, database: string): Promise<readonly DatabaseObject[]> {
  const lists = await session.column(
    "SELECT UPPER(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'information_schema'",
  )
  const found: DatabaseObject[] = []
  for (const { list, prefix, kind } of LISTS) {
    if (!lists.includes(list)) continue
    const rows = await session.query(
      `SELECT ${prefix}_SCHEMA AS db, ${prefix}_NAME AS name, ${kind} AS kind FROM information_schema.${list} WHERE ${prefix}_SCHEMA = ?`,
      [database],
    )
    // A list may compare names without regard to case.
    const ofDatabase = rows.filter((row) => asText(row['db']) === database)
    found.push(...ofDatabase.map((row) => ({ kind: asText(row['kind']), database, name: asText(row['name']) })))
  }
  return found
}

function isRestored({ kind, database, name = '' }: DatabaseObject, restored: RestoredTables): boolean {
  return (kind === 'TABLE' || kind === 'SEQUENCE') && restored.has({ database, table: name })
}
