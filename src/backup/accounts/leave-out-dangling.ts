import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'

/** Accounts as a backup holds them, and what it leaves out of their grants. */
export interface LoadableAccounts {
  readonly accounts: readonly AccountDefinition[]
  /** Each grant that is left out, with the reason. */
  readonly leftOut: readonly string[]
}

const NAME = '`(?:[^`]|``)*`'
/** A grant on one table or routine: quoted names are skipped as a whole, whatever they hold. */
const OBJECT_GRANT = new RegExp(
  `^GRANT (?<privileges>(?:[^\`]|${NAME})*?) ON (?<kind>TABLE |PROCEDURE |FUNCTION |)(?<database>${NAME})\\.(?<name>${NAME}) (?<rest>TO .*)$`,
  's',
)
/** One privilege of a grant, with the columns it is on: ``SELECT (`id`, `item`)``. */
const PRIVILEGE = new RegExp(
  `(?<privilege>[A-Z][A-Z ]*[A-Z])(?: ?\\((?<columns>[^()\`]*(?:${NAME}[^()\`]*)*)\\))?`,
  'g',
)

const TABLE = 'SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?'
const ROUTINE = `SELECT 1 FROM information_schema.ROUTINES
  WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ? AND ROUTINE_TYPE = ?`
const COLUMNS = 'SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?'

/**
 * Leaves out the grants that a restored server could not give, because what they are on will not be there. Servers keep the
 * grants on tables and columns that were dropped ([REVOKE](https://dev.mysql.com/doc/refman/en/revoke.html)), and a backup
 * of some databases holds the accounts of all. `databases` are those it holds.
 */
export async function leaveOutDangling(
  { dialect }: Server,
  session: Session,
  definitions: readonly AccountDefinition[],
  databases: readonly string[],
): Promise<LoadableAccounts> {
  const others = new Set(await dialect.databases(session))
  for (const database of databases) others.delete(database)
  const accounts: AccountDefinition[] = []
  const leftOut: string[] = []
  for (const definition of definitions) {
    const grants: string[] = []
    for (const grant of definition.grants) {
      const { kept, missing } = await loadablePart(session, grant, others)
      if (kept !== undefined) grants.push(kept)
      if (missing !== undefined) leftOut.push(`the grant on ${missing}: ${grant}`)
    }
    accounts.push({ ...definition, grants })
  }
  return { accounts, leftOut }
}

/** A grant as it can be given, and what is left out of it. */
interface GrantParts {
  readonly kept?: string | undefined
  readonly missing?: string | undefined
}

async function loadablePart(session: Session, grant: string, others: ReadonlySet<string>): Promise<GrantParts> {
  const object = OBJECT_GRANT.exec(grant)?.groups
  if (object === undefined) return { kept: grant }
  const { privileges = '', kind = '', database = '', name = '', rest = '' } = object
  const names = [unquoted(database), unquoted(name)] as const
  if (others.has(names[0])) return { missing: `${database}.${name}, whose database is not in the backup` }
  const [query, values] = /^[PF]/.test(kind) ? [ROUTINE, [...names, kind.trim()]] : [TABLE, names]
  const [there] = await session.query(query, values)
  if (there === undefined) return { missing: `${database}.${name}, which does not exist` }

  const named = [...privileges.matchAll(PRIVILEGE)].flatMap(({ groups }) => namesIn(groups?.['columns']))
  if (named.length === 0) return { kept: grant }
  const columns = new Set((await session.column(COLUMNS, names)).map((column) => column.toLowerCase()))
  const gone = named.filter((column) => !columns.has(unquoted(column).toLowerCase()))
  if (gone.length === 0) return { kept: grant }
  const left = withoutColumns(privileges, gone)
  return {
    kept: left === '' ? undefined : `GRANT ${left} ON ${kind}${database}.${name} ${rest}`,
    missing: `${[...new Set(gone)].join(', ')} of ${database}.${name}, which do not exist`,
  }
}

function withoutColumns(privileges: string, gone: readonly string[]): string {
  const left = [...privileges.matchAll(PRIVILEGE)].flatMap(({ groups }) => {
    const { privilege = '', columns } = groups ?? {}
    if (columns === undefined) return [privilege]
    const kept = namesIn(columns).filter((column) => !gone.includes(column))
    return kept.length === 0 ? [] : [`${privilege} (${kept.join(', ')})`]
  })
  return left.join(', ')
}

function namesIn(list: string | undefined): readonly string[] {
  return list?.match(new RegExp(NAME, 'g')) ?? []
}

function unquoted(name: string): string {
  return name.slice(1, -1).replaceAll('``', '`')
}
