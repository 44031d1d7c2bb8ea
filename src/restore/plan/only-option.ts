import { PitrError } from '../../errors.ts'
import type { BackupImage } from '../../image/backup-image.ts'
import { DatabaseNames, nameFold } from '../../image/database-names.ts'
import type { NameFold } from '../../image/database-names.ts'
import { RestoredTables, parseTableName } from '../../image/restored-tables.ts'
import type { RestoreOnly } from '../../image/restored-tables.ts'
import { MARKER_DATABASE } from '../../server/marker-database.ts'
import type { PlanOptions } from './plan-options.ts'

/** The server's own databases, which a restore does not load, and the one in which it marks its target. */
const NEVER_RESTORED = ['mysql', 'sys', 'information_schema', 'performance_schema', MARKER_DATABASE]

/** What is chosen, in name order, checked for callers without types. Throws `InvalidArgument`. */
export function readOnlyOption({ only }: Pick<PlanOptions, 'only'>): Pick<PlanOptions, 'only'> {
  if (only === undefined) return {}
  if (typeof only !== 'object' || only === null) throw refused('only', 'it is not an object with names')
  const unknown = Object.keys(only).find((key) => key !== 'databases' && key !== 'tables')
  if (unknown !== undefined) throw refused(`only.${unknown}`, 'nobody knows what that is')
  const databases = readNames('databases', only.databases)
  const tables = readNames('tables', only.tables)
  for (const name of tables) {
    if (/^[^.]+\.[^.]+$/.test(name)) continue
    throw refused(name, 'a table is named database.table; one with a dot in its own name cannot be named alone')
  }
  if (databases.length + tables.length === 0) throw refused('only', 'it names neither a database nor a table')
  for (const name of [...databases, ...tables.map((table) => parseTableName(table).database)]) {
    if (!NEVER_RESTORED.includes(name.toLowerCase())) continue
    throw refused(name, `the database ${name} belongs to the server itself, or to the restore`)
  }
  return { only: { ...(databases.length === 0 ? {} : { databases }), ...(tables.length === 0 ? {} : { tables }) } }
}

/** Throws `InvalidArgument` for a name that is given twice, as the server of the backup reads it, or lies outside of the backup. */
export function requireChoosable(
  { databases = [], tables = [] }: RestoreOnly,
  backup: Pick<BackupImage, 'scope' | 'server'>,
): void {
  const fold = nameFold(backup.server)
  const held = new RestoredTables({ backup })
  requireOnce(databases, fold)
  requireOnce(tables, fold)
  const whole = new DatabaseNames(databases, backup.server)
  for (const name of tables) {
    const { database } = parseTableName(name)
    if (whole.has(database)) throw refused(name, `the whole database ${database} is chosen already`)
    if (!held.hasWhole(database)) throw refused(name, `the backup does not hold the database ${database}`)
  }
  for (const name of databases) {
    if (!held.hasWhole(name)) throw refused(name, 'the backup does not hold this database')
  }
}

function requireOnce(names: readonly string[], fold: NameFold): void {
  const folded = names.map(fold)
  const twice = names.find((name, i) => folded.indexOf(fold(name)) !== i)
  if (twice !== undefined) throw refused(twice, 'it is named twice')
}

function readNames(kind: keyof RestoreOnly, names: unknown): readonly string[] {
  if (names === undefined) return []
  const isList = Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')
  if (!isList) throw refused(`only.${kind}`, 'it is not a list of names')
  return (names as readonly string[]).toSorted()
}

function refused(subject: string, why: string): PitrError {
  return new PitrError('InvalidArgument', {
    subject,
    message: `this cannot be chosen for a partial restore: ${subject}: ${why}`,
    hint: "Give only: { databases: ['crm'], tables: ['shop.orders'] }, each name once, as the backup's server writes it.",
  })
}
