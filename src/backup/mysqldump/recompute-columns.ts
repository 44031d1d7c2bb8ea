import { PitrError } from '../../errors.ts'
import { tableName } from '../../image/touched.ts'
import { SILENT_LOGGER, throwIfAborted } from '../../options.ts'
import { quoteIdentifier } from '../../server/quote.ts'
import { withoutValues } from '../../server/refusal.ts'
import type { Session } from '../../server/session.ts'
import { systemTimeZone } from '../../server/system-time-zone.ts'
import { zoneDependentTables } from '../../server/zone-dependent-tables.ts'
import type { TableOfDatabase } from '../../server/zone-dependent-tables.ts'
import type { LoadContext } from '../backup-method.ts'

/** Zones in which nothing is computed otherwise than while a dump is loaded. */
const UTC = new Set(['+00:00', 'UTC', 'Etc/UTC'])

/**
 * Computes generated columns of a loaded dump again, in the time zone of sessions that set none. A dump holds times in UTC
 * and no generated columns, so while it is loaded they are computed in UTC. Only a copy of the table computes them (`FORCE`
 * alone rebuilds it in place and keeps what is there), and it runs no trigger and changes no other column. Throws `LoadFailed`.
 */
export async function recomputeColumns({ server, signal, logger = SILENT_LOGGER }: LoadContext): Promise<void> {
  const { dialect, tools } = server
  await server.withSession(async (session) => {
    if (UTC.has(await usualZone(session))) return
    const tables = await zoneDependentTables(session, await dialect.databases(session))
    await session.run([
      ...(tools.fence === undefined ? [] : [tools.fence]),
      ...dialect.dump.beforeLoad,
      ...dialect.dump.beforeRebuild,
      "SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = @@GLOBAL.time_zone",
    ])
    const stop = (): void => void session.close()
    signal?.addEventListener('abort', stop)
    try {
      for (const table of tables) {
        throwIfAborted(signal, 'the restore')
        logger.info(`computing the generated columns of ${tableName(table)} in the time zone of the source`)
        await recompute(session, table)
      }
    } catch (error) {
      // A statement that failed because we hung up is a consequence.
      throwIfAborted(signal, 'the restore')
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  })
}

async function usualZone(session: Session): Promise<string> {
  const zone = (await session.value('SELECT @@GLOBAL.time_zone')) ?? 'SYSTEM'
  return zone === 'SYSTEM' ? await systemTimeZone(session) : zone
}

async function recompute(session: Session, table: TableOfDatabase): Promise<void> {
  const name = `${quoteIdentifier(table.database)}.${quoteIdentifier(table.table)}`
  try {
    await session.query(`ALTER TABLE ${name} FORCE, ALGORITHM = COPY`)
  } catch (error) {
    if (!(error instanceof PitrError) || error.code !== 'QueryFailed') throw error
    const { errno } = error.details
    // The driver's words: ours would quote the statement.
    const words = error.cause instanceof Error ? error.cause.message : error.message
    throw new PitrError('LoadFailed', {
      subject: tableName(table),
      message: `the generated columns of ${tableName(table)} could not be computed: ${withoutValues(words, typeof errno === 'number' ? errno : undefined)}`,
      hint: 'The target holds a part of the backup only. Look at what it says of the table, then restore again.',
      details: { table: tableName(table), errno },
    })
  }
}
