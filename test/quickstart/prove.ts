import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Account } from './connect.ts'
import { count } from './narrator.ts'
import { differences, readTableStates, totalRows } from './table-states.ts'
import type { TableStates } from './table-states.ts'

/** Compares the restored shop with what was noted before the accident. Returns the line that says so; throws when anything differs. */
export async function prove(restored: Connection, expected: TableStates, app: Account): Promise<string> {
  const found = await readTableStates(restored, 'shop')
  const differing = differences(expected, found)
  if (differing.length > 0) throw new Error(`the restored tables differ:\n  ${differing.join('\n  ')}`)

  // Beside the rows: what a schema needs to work again.
  const objects = await programmedObjects(restored)
  if (objects !== PROGRAMMED_OBJECTS) throw new Error(`expected ${PROGRAMMED_OBJECTS}, found ${objects}`)
  await restored.query('SELECT * FROM shop.open_orders LIMIT 1')

  const rows = count(totalRows(expected), 'row')
  return `PROOF ok: ${expected.size} tables, ${rows}: row counts and CHECKSUM TABLE of each equal the state before the accident; ${objects}, account ${app.user}`
}

const PROGRAMMED_OBJECTS = '1 trigger, 1 view, 1 procedure'

async function programmedObjects(connection: Connection): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>(
    `SELECT
       (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop') AS triggers,
       (SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'shop') AS views,
       (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'shop') AS procedures`,
  )
  return `${row?.['triggers']} trigger, ${row?.['views']} view, ${row?.['procedures']} procedure`
}
