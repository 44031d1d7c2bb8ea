import { PitrError } from '../../errors.ts'
import type { DumpConsistency } from '../../server/flavor/dump-dialect.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { MARKER_DATABASE } from '../../server/marker-database.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'
import { requireCascadesInside } from './require-cascades-inside.ts'
import { requireVisibleKeys } from './require-visible-keys.ts'

/** What a dump is asked to hold. */
export interface DumpScopeOptions {
  /** Databases by name; undefined for all that are not the server's own. */
  readonly databases?: readonly string[] | undefined
  /** See `MysqldumpOptions`. */
  readonly consistency: DumpConsistency
}

/**
 * The databases a dump holds, in name order; none is legal. Throws `InvalidArgument` when a named one does not exist,
 * `NonTransactionalTable` when a table among them cannot be read in a snapshot, and what else would make a dump of them
 * less than they are.
 */
export async function readDumpScope(server: Server, options: DumpScopeOptions): Promise<readonly string[]> {
  const { dialect } = server
  return server.withSession(async (session) => {
    const existing = await dialect.databases(session)
    const databases = options.databases === undefined ? existing : chosen(options.databases, existing)
    requireNoMarker(databases)
    // Under the lock of all tables nothing changes, whatever the engine.
    if (options.consistency === 'snapshot') refuse(await dialect.nonTransactionalTables(session, databases))
    await requireHistory(server, session, databases)
    await requireVisibleKeys(session, databases)
    if (options.databases !== undefined) await requireCascadesInside(session, databases)
    return databases
  })
}

/** Bytes the dump will have, roughly: the storage engine's estimate of the data; blobs are twice as long in a dump. */
export async function estimateDumpBytes(server: Server, databases: readonly string[]): Promise<number | undefined> {
  if (databases.length === 0) return undefined
  const bytes = await server.withSession(async (session) =>
    session.value(
      `SELECT SUM(DATA_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${databases.map(() => '?').join(', ')})`,
      databases,
    ),
  )
  return bytes === undefined ? undefined : Number(bytes)
}

/** Throws `InvalidArgument` when a database has the name of the schema in which a restore marks its target. */
function requireNoMarker(databases: readonly string[]): void {
  const name = databases.find((database) => database.toLowerCase() === MARKER_DATABASE)
  if (name === undefined) return
  throw new PitrError('InvalidArgument', {
    subject: name,
    message: `the database ${name} has the name of the schema in which a restore marks its target, so it could not be restored`,
    hint: 'If a restore left it here, end that with releaseTarget(server) (the command release). If it is yours, move its tables to a database of another name, or name the databases to back up without it.',
    details: { database: name },
  })
}

/** Throws `MissingProgram` when a table is system-versioned and the dump program would leave its history out. */
async function requireHistory(server: Server, session: Session, databases: readonly string[]): Promise<void> {
  const program = await clientProgram(server, 'dump')
  const needed = server.dialect.dump.historyProgram(program.version)
  if (needed === undefined || databases.length === 0) return
  const [table] = await session.column(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES
      WHERE TABLE_TYPE = 'SYSTEM VERSIONED' AND TABLE_SCHEMA IN (${databases.map(() => '?').join(', ')}) LIMIT 1`,
    databases,
  )
  if (table === undefined) return
  throw new PitrError('MissingProgram', {
    subject: needed,
    message: `the history of ${table} can be dumped by ${needed} only; found version ${program.version}`,
    hint: 'Install newer client programs: they work with an older server. Or leave the database out.',
    details: { table, version: program.version },
  })
}

function chosen(wanted: readonly string[], existing: readonly string[]): readonly string[] {
  const names = [...new Set(wanted)].toSorted()
  const missing = names.filter((name) => !existing.includes(name))
  if (names.length > 0 && missing.length === 0) return names
  throw new PitrError('InvalidArgument', {
    subject: names.length === 0 ? 'databases' : missing.join(', '),
    message:
      names.length === 0
        ? 'the list of databases to dump is empty'
        : `these databases do not exist or belong to the server itself: ${missing.join(', ')}`,
    hint: 'Name databases as SHOW DATABASES writes them, or leave the list out to dump all.',
    details: { missing },
  })
}

function refuse(tables: readonly string[]): void {
  if (tables.length === 0) return
  throw new PitrError('NonTransactionalTable', {
    subject: tables.join(', '),
    message: `these tables are in storage engines without transactions, which a snapshot cannot read consistently: ${tables.join(', ')}`,
    hint: "Convert them (ALTER TABLE ... ENGINE=InnoDB), leave their databases out, or take the backup with consistency: 'lock', during which every write waits.",
    details: { tables },
  })
}
