import type { BackupNeeds, BackupServer } from '../image/backup-image.ts'
import { globalVariables } from '../server/flavor/common.ts'
import type { Server } from '../server/server.ts'
import type { Session } from '../server/session.ts'
import { systemTimeZone } from '../server/system-time-zone.ts'
import { zoneDependentTables } from '../server/zone-dependent-tables.ts'

/** The server a backup is taken from, as its image records it. */
export async function describeServer(server: Server): Promise<BackupServer> {
  const { flavor, version, identity, dialect } = server
  const { serverId, serverUuid } = identity
  return server.withSession(async (session) => ({
    flavor,
    version: version.text,
    serverId,
    serverUuid,
    settings: await globalVariables(session, dialect.recordedSettings),
    systemTimeZone: await systemTimeZone(session),
  }))
}

/** What a dump of these databases needs of a target. */
export async function describeNeeds(server: Server, databases: readonly string[]): Promise<BackupNeeds> {
  if (databases.length === 0) return { engines: [], timeZones: [] }
  const list = databases.map(() => '?').join(', ')
  return server.withSession(async (session) => ({
    engines: await session.column(
      `SELECT DISTINCT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${list}) AND ENGINE IS NOT NULL ORDER BY 1`,
      databases,
    ),
    timeZones: [
      ...new Set([
        ...(await session.column(
          `SELECT DISTINCT TIME_ZONE FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (${list}) ORDER BY 1`,
          databases,
        )),
        ...(await zoneOfColumns(session, databases)),
      ]),
    ].toSorted(),
  }))
}

/** The zone of sessions that set none, when columns are computed in it. */
async function zoneOfColumns(session: Session, databases: readonly string[]): Promise<readonly string[]> {
  const tables = await zoneDependentTables(session, databases)
  return tables.length === 0 ? [] : session.column('SELECT @@GLOBAL.time_zone')
}
