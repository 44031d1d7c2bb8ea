import type { Timeline } from '../../archive/timeline.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import { PitrError } from '../../errors.ts'
import { globalVariables } from '../../server/flavor/common.ts'
import { hasGtids } from '../has-gtids.ts'
import { SAME_SETTINGS } from '../../server/flavor/recorded-settings.ts'
import { readPrivileges } from '../../server/privileges.ts'
import { compareServerVersions, parseServerVersion } from '../../server/server-version.ts'
import type { ServerVersion } from '../../server/server-version.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'
import { needsOfBackup, requireNeeds } from './check-needs.ts'
import type { HeldTarget } from './held-target.ts'
import { laxApplySetting } from './lax-apply-setting.ts'

/** Throws `TargetIsSource` when the target is the server whose history the archive holds. */
export function requireOtherServer({ source }: Timeline, { identity }: Pick<Server, 'identity'>): void {
  const same =
    source.serverUuid === undefined ? source.serverId === identity.serverId : source.serverUuid === identity.serverUuid
  if (!same) return
  throw new PitrError('TargetIsSource', {
    subject: `${identity.hostname}:${identity.port}`,
    message: `the target has the identity of the archived server (${
      source.serverUuid === undefined ? `server_id ${source.serverId}` : `server_uuid ${source.serverUuid}`
    })`,
    hint: 'Restore into another server. If it is another one with the same server_id, give it a server_id of its own first.',
    details: { serverId: identity.serverId, serverUuid: identity.serverUuid, hostname: identity.hostname },
  })
}

/**
 * Checks what a target is, not what it holds: flavor, version, settings, replication, privileges. Reads only. Throws
 * `TargetIncompatible` or `MissingPrivilege`.
 */
export async function checkCompatible({ server, session }: HeldTarget, plan: RestorePlan): Promise<void> {
  requireFlavor(server, plan.image)
  // The source may have been upgraded behind its backup.
  const logged = new Set(plan.segments.map(({ format }) => format.serverVersion))
  requireVersion(server.version, [plan.image.backup.server.version, ...logged])
  await requirePrivilege(server, session)
  await requireSameSettings(session, plan.image)
  await requireNeeds({ session }, plan.image.backup, needsOfBackup(plan.image.backup))
  // Without GTIDs and without transactions there is nothing a setting could be wrong for.
  const replays = hasGtids(plan) || plan.replayed.transactions > 0
  const obstacle = replays ? await server.dialect.replayObstacle(session, { gtids: hasGtids(plan) }) : undefined
  if (obstacle !== undefined)
    throw incompatible(/\w+_\w+/.exec(obstacle)?.[0] ?? 'GTIDs', `the target cannot take this history: ${obstacle}`)
  // The first stops BINLOG statements of everybody, the last two (of which MariaDB before 11.1 knows one) every session
  // that begins: https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_super_read_only
  const readOnlies = ['super_read_only', 'innodb_read_only', 'transaction_read_only', 'tx_read_only']
  const variables = await globalVariables(session, readOnlies)
  const readOnly = Object.entries(variables).find(([, value]) => value === 'ON')
  if (readOnly !== undefined)
    throw incompatible(readOnly[0], `${readOnly[0]} is ON on the target, so nothing can be written`)
  const lax = await laxApplySetting(session)
  if (lax !== undefined) {
    throw incompatible(
      lax.name,
      `${lax.name} is ${lax.value} on the target: it would apply the log otherwise than it was written, without an error`,
    )
  }
  const [replication] = await server.dialect.replication(session)
  if (replication !== undefined) {
    throw incompatible('replication', `the target is a part of a replication: ${replication}`)
  }
}

function requireFlavor({ flavor }: Server, { backup }: RestorePlan['image']): void {
  if (flavor === backup.server.flavor) return
  throw incompatible(flavor, `the target is a ${flavor} server, the backup was taken from ${backup.server.flavor}`)
}

/** Throws `TargetIncompatible` when the target is older than any of these versions. */
export function requireVersion(target: ServerVersion, versions: readonly string[]): void {
  for (const text of versions) {
    if (compareServerVersions(target, parseServerVersion(text)) >= 0) continue
    throw incompatible(target.text, `the target has version ${target.text}, older than ${text} of the source`)
  }
}

async function requireSameSettings(session: Session, { backup }: RestorePlan['image']): Promise<void> {
  const target = await globalVariables(session, Object.keys(SAME_SETTINGS))
  for (const [name, consequence] of Object.entries(SAME_SETTINGS)) {
    const source = backup.server.settings[name]
    // An image of an older version may not have recorded it.
    if (source === undefined || target[name] === source) continue
    throw incompatible(name, `${name} is ${target[name]} on the target and was ${source} on the source: ${consequence}`)
  }
}

// While it is isolated the target refuses every connection of an account that lacks this one.
async function requirePrivilege(server: Server, session: Session): Promise<void> {
  const anyOf = ['CONNECTION_ADMIN', 'CONNECTION ADMIN']
  if ((await readPrivileges(session)).hasAnyOf(anyOf)) return
  throw new PitrError('MissingPrivilege', {
    subject: `CONNECTION ADMIN for ${server.account}`,
    message: `${server.account} lacks the privilege CONNECTION ADMIN (MySQL: CONNECTION_ADMIN): the isolated target would refuse it`,
    hint: 'GRANT it ON *.* TO this account.',
  })
}

function incompatible(subject: string, message: string): PitrError {
  return new PitrError('TargetIncompatible', {
    subject,
    message,
    hint: 'Nothing was written. Use another server, or change this one as the message says.',
  })
}
