import type { BackupServer } from '../image/backup-image.ts'
import { globalVariables } from '../server/flavor/common.ts'
import type { Server } from '../server/server.ts'

/** The server a backup is taken from, as its image records it. */
export async function describeServer(server: Server): Promise<BackupServer> {
  const { flavor, version, identity, dialect } = server
  const { serverId, serverUuid } = identity
  const settings = await server.withSession(async (session) => globalVariables(session, dialect.recordedSettings))
  return { flavor, version: version.text, serverId, serverUuid, settings }
}
