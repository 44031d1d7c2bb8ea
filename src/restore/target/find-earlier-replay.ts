import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import { SILENT_LOGGER } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import { globalVariables } from '../../server/flavor/common.ts'
import { replayDialect } from '../../server/flavor/replay-dialect-of.ts'
import { EarlierReplay } from '../log/earlier-replay.ts'
import { endOtherSessions } from './end-other-sessions.ts'
import type { HeldTarget } from './held-target.ts'
import { isClosed, isolateTarget } from './isolate-target.ts'
import type { Loaded, LoadedBy } from './marker-manifest.ts'
import type { Marker } from './marker.ts'
import { readProgress } from './replay-progress.ts'
import type { ReplayDoubt } from './replay-progress.ts'

const DOUBTS: Readonly<Record<Exclude<ReplayDoubt, ''>, string>> = {
  text: 'it was executing statements or XA transactions, and who knows how much of them is done',
  session: 'what the log needs may have lived in its session, such as a temporary table',
}

/**
 * Looks how far an earlier run of this plan came on a target: undefined when this run cannot go on behind it, and has to
 * begin anew. Isolates the target, as a restart may have opened it, and ends what is left of the earlier run.
 */
export async function findEarlierReplay(
  target: HeldTarget,
  plan: RestorePlan,
  { phase, state }: Marker,
  by: LoadedBy,
  options: OperationOptions,
): Promise<EarlierReplay | undefined> {
  const { server, session } = target
  const { logger = SILENT_LOGGER, signal } = options
  const { loaded } = state
  if (phase !== 'loaded' || loaded === undefined || !isBy(loaded, by)) return undefined
  const isOpen = !(await isClosed(session))
  const reason = isOpen ? await reasonOfRestart(target, loaded) : undefined
  if (reason !== undefined) {
    logger.info(`the target was restarted, and ${reason}: nobody can go on there`)
    return undefined
  }
  // Isolated again it would not show any more: recorded before.
  const restarted = loaded.restarted || isOpen
  await isolateTarget(target, { ...state, loaded: { ...loaded, restarted } }, plan.image.backup.server)
  await endOtherSessions(target, signal)
  const { place, doubt } = await readProgress(session)
  if (doubt !== '') {
    logger.info(`nobody can go on where an earlier run was stopped: ${DOUBTS[doubt]}`)
    return undefined
  }
  const { flavor, dialect } = server
  const own = parseGtidSet(flavor, state.ownGtids)
  return new EarlierReplay({
    executed: parseGtidSet(flavor, await dialect.executedGtids(session)),
    before: plan.image.gtidSet === undefined ? own : own.union(plan.image.gtidSet),
    start: plan.start.position,
    counts: by.counts,
    restarted,
    place,
    joins: replayDialect(flavor).fillsIn && !by.preserves,
  })
}

function isBy(loaded: Loaded, by: LoadedBy): boolean {
  return (['replayer', 'accounts', 'user', 'counts', 'preserves'] as const).every((name) => loaded[name] === by[name])
}

/** What a restart took away; undefined when it took away nothing. */
async function reasonOfRestart(
  { server, session }: HeldTarget,
  { durable, counts }: Loaded,
): Promise<string | undefined> {
  if (!durable) return 'by its settings a crash may take back commits in its log alone, or in its tables alone'
  const databases = await server.dialect.databases(session)
  const [table] = await server.dialect.nonTransactionalTables(session, databases)
  if (table !== undefined) return `the table ${table} may have lost changes in a crash`
  const isReadOnly = (await globalVariables(session, ['read_only']))['read_only'] !== 'OFF'
  // What others write shows in the GTIDs alone.
  return counts || isReadOnly ? undefined : 'it is open to others since, who may have written to it'
}
