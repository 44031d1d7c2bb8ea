import { PitrError } from '../../errors.ts'
import type { Server } from '../../server/server.ts'
import type { Timeline } from '../archive.ts'

/** Throws `ForeignServer` unless `server` is the one whose history the timeline holds. */
export function requireSource(timeline: Timeline, server: Server): void {
  const { source } = timeline
  const { identity } = server
  const same =
    timeline.flavor === server.flavor &&
    source.serverId === identity.serverId &&
    source.serverUuid === identity.serverUuid
  if (same) return
  throw new PitrError('ForeignServer', {
    subject: describe(server.flavor, identity),
    message: `the archive holds the history of ${describe(timeline.flavor, source)}, not of ${describe(server.flavor, identity)}`,
    hint: 'Check the host and port. A server with another identity needs an archive of its own.',
    details: { archived: { ...source }, server: { ...identity } },
  })
}

function describe(
  flavor: string,
  { serverId, serverUuid }: { serverId: number; serverUuid?: string | undefined },
): string {
  return `the ${flavor} server with server_id ${serverId}${serverUuid === undefined ? '' : ` and server_uuid ${serverUuid}`}`
}
