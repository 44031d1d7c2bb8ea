import type { BackupNeeds, BackupServer } from '../image/backup-image.ts'
import { globalVariables } from '../server/flavor/common.ts'
import type { Server } from '../server/server.ts'
import { systemTimeZone } from '../server/system-time-zone.ts'

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
    timeZones: await session.column(
      `SELECT DISTINCT TIME_ZONE FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (${list}) ORDER BY 1`,
      databases,
    ),
  }))
}
