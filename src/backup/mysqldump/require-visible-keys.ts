import { PitrError } from '../../errors.ts'
import { globalVariables } from '../../server/flavor/common.ts'
import type { Session } from '../../server/session.ts'

const SHOW_KEYS = 'show_gipk_in_create_table_and_information_schema'

/**
 * Throws `UnsafeSetting` when the server hides a
 * [generated invisible primary key](https://dev.mysql.com/doc/refman/en/create-table-gipks.html) of these databases from
 * the dump program: the table would be dumped without that column, whose values the rows of the log have.
 */
export async function requireVisibleKeys(session: Session, databases: readonly string[]): Promise<void> {
  const { [SHOW_KEYS]: shown = 'ON' } = await globalVariables(session, [SHOW_KEYS])
  if (shown === 'ON' || databases.length === 0) return
  await session.query(`SET SESSION ${SHOW_KEYS} = ON`)
  const tables = await session.column(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.COLUMNS
      WHERE COLUMN_NAME = 'my_row_id' AND COLUMN_KEY = 'PRI' AND EXTRA LIKE '%INVISIBLE%'
        AND TABLE_SCHEMA IN (${databases.map(() => '?').join(', ')}) ORDER BY 1`,
    databases,
  )
  if (tables.length === 0) return
  throw new PitrError('UnsafeSetting', {
    subject: `${SHOW_KEYS}=${shown}`,
    message: `${SHOW_KEYS} is ${shown}: a dump would leave out the generated primary keys of ${tables.join(', ')}`,
    hint: `SET PERSIST ${SHOW_KEYS} = ON, then take the backup again.`,
    details: { tables },
  })
}
