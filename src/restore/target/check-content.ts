import type { Flavor } from '../../coordinates/flavor.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import { PitrError } from '../../errors.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import type { AccountDefinition } from '../../server/flavor/flavor-dialect.ts'
import { replayDialect } from '../../server/flavor/replay-dialect-of.ts'
import { MARKER_DATABASE } from '../../server/marker-database.ts'
import type { HeldTarget } from './held-target.ts'
import { isClosed } from './isolate-target.ts'
import { MARKER_TABLE } from './marker-table.ts'
import { readMarker } from './marker.ts'
import type { Marker, MarkerPhase } from './marker.ts'

/** What a target that may be restored holds: nothing, or the mark of an earlier try of the same plan. */
export type TargetContent =
  | { readonly kind: 'empty'; readonly ownGtids: string; readonly ownAccounts: readonly AccountDefinition[] }
  | { readonly kind: 'marked'; readonly marker: Marker }

/**
 * Looks at what a target holds. Reads only. Throws `TargetNotEmpty` when that is anything but an earlier try of this plan,
 * `TargetIncompatible` when it has executed GTIDs of the plan's history: it would skip them silently.
 */
export async function checkContent(target: HeldTarget, plan: RestorePlan): Promise<TargetContent> {
  const marker = await readMarker(target.session)
  if (marker !== undefined) {
    if (marker.planHash !== plan.hash) throw otherPlan(marker)
    return { kind: 'marked', marker }
  }
  const { server, session } = target
  if (await isClosed(session)) throw closedWithoutMark()
  const databases = await server.dialect.databases(session)
  const foreign = databases.filter((name) => name !== MARKER_DATABASE)
  const ownGtids = await server.dialect.executedGtids(session)
  if (foreign.length > 0 || (await hasForeignTables(target))) {
    throw notEmpty(databases, hasExecuted(server.flavor, ownGtids, plan))
  }
  const [xid] = await server.dialect.preparedXa(session)
  if (xid !== undefined) throw preparedAlready(xid)
  requireNoConflict(server.flavor, ownGtids, plan)
  return { kind: 'empty', ownGtids, ownAccounts: await server.dialect.accounts(session) }
}

async function hasForeignTables({ session }: HeldTarget): Promise<boolean> {
  const tables = await session.column('SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?', [
    MARKER_DATABASE,
  ])
  return tables.some((name) => name !== MARKER_TABLE)
}

function requireNoConflict(flavor: Flavor, text: string, plan: RestorePlan): void {
  const { gtids, image } = plan
  if (gtids === undefined) return
  const own = parseGtidSet(flavor, text)
  const conflict = replayDialect(flavor).gtidConflict(own, image.gtidSet ?? parseGtidSet(flavor, ''), gtids.after)
  if (conflict === undefined) return
  throw new PitrError('TargetIncompatible', {
    subject: `GTIDs ${text}`,
    message: `the target has executed GTIDs of this history already (${conflict}): it would skip archived transactions silently`,
    hint: 'Use a server with a history of its own. If this one holds nothing of value, RESET BINARY LOGS AND GTIDS (RESET MASTER on MariaDB and before MySQL 8.2) makes it forget them.',
    details: { executed: text, conflict },
  })
}

function hasExecuted(flavor: Flavor, text: string, { gtids }: RestorePlan): boolean {
  return gtids !== undefined && !gtids.after.isEmpty && parseGtidSet(flavor, text).contains(gtids.after)
}

// A restore removes its mark last of all. Killed right behind that it cannot say any more that it came to its end, and
// what it left is a server like any other, but for the GTIDs.
function notEmpty(databases: readonly string[], hasPlan: boolean): PitrError {
  const maybeDone = hasPlan
    ? ' It has executed every transaction of this plan: if a restore of the plan was stopped here in its last moment, that one was proved and is complete.'
    : ''
  return new PitrError('TargetNotEmpty', {
    subject: databases.join(', '),
    message: `the target holds databases already: ${databases.join(', ')}`,
    hint: `Nothing was written. Restore into an empty server: nothing existing is overwritten.${maybeDone}`,
    details: { databases, hasExecutedPlan: hasPlan },
  })
}

const PART = {
  what: 'holds a part of what was restored',
  hint: 'Run the restore of that plan again, or use another empty server. To give this one up, throw its data directory away: it is not usable.',
}
const OTHER_PLAN: Readonly<Record<MarkerPhase, { readonly what: string; readonly hint: string }>> = {
  begun: PART,
  loaded: PART,
  proved: {
    what: 'was restored',
    hint: 'It is whole and still isolated: lift that with releaseTarget(server), or use another empty server.',
  },
  releasing: {
    what: 'was restored',
    hint: 'It is whole, and its isolation is lifted in part: finish that with releaseTarget(server), or use another empty server.',
  },
}

// One of the log may have the same name; and what a restore that begins again rolls back must be its own.
function preparedAlready(xid: string): PitrError {
  return new PitrError('TargetNotEmpty', {
    subject: `XA ${xid}`,
    message: `the target holds a prepared XA transaction: ${xid}`,
    hint: 'Nothing was written. End it with XA COMMIT or XA ROLLBACK (XA RECOVER lists it), or use another empty server.',
    details: { xid },
  })
}

// Taken for what it was before, its settings would be kept for good: a server that is closed, and loses commits in a crash.
function closedWithoutMark(): PitrError {
  return new PitrError('TargetNotEmpty', {
    subject: 'init_connect',
    message:
      'the target is isolated by a restore whose mark was removed: nobody knows any more what its settings were before',
    hint: 'Nothing was written. Use another empty server, such as this one with a new data directory.',
  })
}

function otherPlan({ planHash, phase, startedAt, state }: Marker): PitrError {
  const { what, hint } = OTHER_PLAN[phase]
  return new PitrError('TargetNotEmpty', {
    subject: `plan ${planHash}`,
    message: `the target ${what} by another plan, ${planHash}, since ${startedAt} UTC`,
    hint,
    details: {
      planHash,
      phase,
      startedAt,
      before: { settings: state.settings, isolation: state.isolation, durability: state.durability },
    },
  })
}
