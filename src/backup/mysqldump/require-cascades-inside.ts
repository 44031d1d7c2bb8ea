import { PitrError } from '../../errors.ts'
import { asText } from '../../server/session.ts'
import type { Session } from '../../server/session.ts'

const CHANGING_RULES = "('CASCADE', 'SET NULL', 'SET DEFAULT')"

/**
 * Throws `InvalidArgument` when a foreign key of these databases changes rows in them because rows of another database
 * changed. InnoDB does that itself and [logs nothing of it](https://dev.mysql.com/doc/refman/en/innodb-and-mysql-replication.html),
 * and what changed the parent is left out of a restore.
 */
export async function requireCascadesInside(session: Session, databases: readonly string[]): Promise<void> {
  const rows = await session.query(
    `SELECT CONSTRAINT_NAME AS name, CONSTRAINT_SCHEMA AS db, TABLE_NAME AS child,
            UNIQUE_CONSTRAINT_SCHEMA AS parentDb, REFERENCED_TABLE_NAME AS parent
       FROM information_schema.REFERENTIAL_CONSTRAINTS
      WHERE CONSTRAINT_SCHEMA IN (${databases.map(() => '?').join(', ')})
        AND (UPDATE_RULE IN ${CHANGING_RULES} OR DELETE_RULE IN ${CHANGING_RULES})
      ORDER BY db, child, name`,
    databases,
  )
  const key = rows.find((row) => !databases.includes(asText(row['parentDb'])))
  if (key === undefined) return
  const [name, db, child, parentDb, parent] = ['name', 'db', 'child', 'parentDb', 'parent'].map((column) =>
    asText(key[column]),
  )
  throw new PitrError('InvalidArgument', {
    subject: `foreign key ${name} of ${db}.${child}`,
    message: `the foreign key ${name} changes rows of ${db}.${child} when rows of ${parentDb}.${parent} change, which the backup would not hold: no log says what it changed`,
    hint: `Back up the database ${parentDb} too, or all databases.`,
    details: { name, table: `${db}.${child}`, parent: `${parentDb}.${parent}` },
  })
}
