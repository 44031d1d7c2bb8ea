import type { Archive } from '../archive/archive.ts'
import type { BackupMethod } from '../backup/backup-method.ts'
import { mysqldump } from '../backup/mysqldump.ts'
import { PitrError } from '../errors.ts'
import { RestorePlan } from '../image/restore-plan.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import { requireOneOf, SILENT_LOGGER, throwIfAborted } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import { requirePreflight } from '../server/preflight.ts'
import type { Server } from '../server/server.ts'
import { checkPlan } from './check-plan.ts'
import { countsGtids, requireCountsSkipped } from './counts-gtids.ts'
import { finishEarlier, writtenSince } from './finish-earlier.ts'
import { finish } from './finish.ts'
import type { IsolationEnd } from './finish.ts'
import { hasGtids } from './has-gtids.ts'
import { leaving } from './leaving.ts'
import { checkLoad, findMethod, loadBackup, verifyBackup } from './load-backup.ts'
import { verifyLog } from './log/verify-log.ts'
import { PhaseClock } from './phase-clock.ts'
import { prove } from './prove.ts'
import { replayLog } from './replay-log.ts'
import { directReplayer } from './replay/direct.ts'
import type { Replayer } from './replay/replayer.ts'
import { mysqlbinlogReplayer } from './replay/mysqlbinlog.ts'
import type { RestoreFacts, RestorePhase } from './restore-facts.ts'
import { RestoreReport } from './restore-report.ts'
import { beginOn } from './target/begin-on.ts'
import { requireNeeds } from './target/check-needs.ts'
import { requireOtherServer } from './target/check-target.ts'
import { makeDurable, setDurability } from './target/durability.ts'
import type { Durability } from './target/durability.ts'
import { findContent } from './target/find-content.ts'
import { findEarlierReplay } from './target/find-earlier-replay.ts'
import { goOnBehind, markGoingOn, orBeginAnew } from './target/go-on.ts'
import { holdTarget } from './target/held-target.ts'
import { adoptedSettings, isolateTarget } from './target/isolate-target.ts'
import { isProved, markProved } from './target/marker.ts'

/** Where a restore goes. */
export interface RestoreDestination {
  /** A running, empty server. */
  readonly kind: 'server'
  /** The server; connected to with an account that may restore. */
  readonly server: Server
}

/** A way to replay a log. */
export type ReplayerName = 'direct' | 'mysqlbinlog'

const REPLAYERS: Readonly<Record<ReplayerName, () => Replayer>> = {
  direct: directReplayer,
  mysqlbinlog: mysqlbinlogReplayer,
}

/** What `RecoveryImageManager.restore` takes. */
export interface RestoreOptions extends OperationOptions {
  /** Where it goes: a server that is empty, or carries the mark of an earlier try of this very plan. */
  readonly into: RestoreDestination
  /**
   * Whether the accounts of the backup are loaded; those of the log are replayed in any case. A plan that restores only some
   * tables restores neither: there `all` is refused.
   * @default 'all', or 'none' with such a plan
   */
  readonly accounts?: 'all' | 'none' | undefined
  /** Whether everybody can use the target at the end; when kept, `releaseTarget(server)` lifts it. @default 'lift' */
  readonly isolation?: IsolationEnd | undefined
  /**
   * When the bytes of the backup are checked: while they are loaded, or also once before anything is written. The log is
   * always checked before.
   * @default 'stream'
   */
  readonly verify?: 'stream' | 'before' | undefined
  /**
   * How the log is replayed: `direct` sends the log's own row events in large batches, which is many times as fast, and can go
   * on where it was stopped; `mysqlbinlog` pipes what that program prints into the client, as the manuals have it.
   * @default 'direct'
   */
  readonly replayer?: ReplayerName | undefined
  /**
   * Whether the target waits for its disk at every commit while it is restored, as its settings say (`full`), or at the end
   * only (`relaxed`, many times as fast on a slow disk). Relaxed, `sync_binlog` and `innodb_flush_log_at_trx_commit` are 0
   * until the proof is done, and a restore whose target crashed or was restarted begins anew. What a report says is on the
   * disk either way, and the settings are as they were.
   * @default 'relaxed'
   */
  readonly durability?: Durability | undefined
  /**
   * Whether each transaction of the history stays one in the target's own binary log, with its own GTID: for a target from
   * which replicas shall get it. The replayer `mysqlbinlog` does so anyway. `direct` joins many transactions unless it is
   * asked for, and commits each by itself then, which takes some times as long.
   * @default false
   */
  readonly preserveTransactions?: boolean | undefined
  /**
   * Whether every row is compared with the log before it is changed, by the replayer `direct`: it then has to be, to the last
   * bit, what the log says it was, or the restore fails with `ReplayFailed`. Servers do not look: they find a row by its key
   * and change it, whatever its other columns are. The replay takes up to about twice as long. `docs/exactness.md` says what is
   * compared, and what is not; the report says how many rows were.
   * @default false
   */
  readonly verifyBefore?: boolean | undefined
  /** The methods that may have taken the backup. @default mysqldump */
  readonly methods?: readonly BackupMethod[] | undefined
}

const NOT_A_BEGINNING =
  'the target has executed something else than the beginning of this plan, as if somebody had written to it: it begins anew'

/**
 * Restores a plan into a server and proves that it holds exactly what the plan promises.
 *
 * Whatever fails before the first write leaves the target as it was. Whatever fails later leaves it marked and isolated;
 * the same restore, run again, ends in the same place: it goes on behind what the replayer `direct` had replayed, where it
 * can be sure of that, and else wipes what was written and begins anew.
 */
export async function restore(
  archive: Archive,
  facts: TimelineFacts,
  plan: RestorePlan,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const {
    into,
    accounts: wantedAccounts,
    isolation = 'lift',
    verify = 'stream',
    replayer: replayerName = 'direct',
    durability = 'relaxed',
    preserveTransactions = false,
    verifyBefore = false,
    methods = [mysqldump()],
    ...operation
  } = options
  requirePlan(plan)
  requireOneOf('into.kind', kindOf(into), ['server'])
  const accounts = wantedAccounts ?? (plan.only === undefined ? 'all' : 'none')
  requireOneOf('accounts', accounts, plan.only === undefined ? ['all', 'none'] : ['none'])
  requireOneOf('isolation', isolation, ['lift', 'keep'])
  requireOneOf('verify', verify, ['stream', 'before'])
  requireOneOf('replayer', replayerName, Object.keys(REPLAYERS))
  requireOneOf('durability', durability, ['full', 'relaxed'])
  const { server } = into
  const { signal, logger = SILENT_LOGGER } = operation
  const clock = new PhaseClock<RestorePhase>()
  const replayer = REPLAYERS[replayerName]()
  if (verifyBefore && !replayer.verifies) throw cannotVerify(replayerName)
  throwIfAborted(signal, 'the restore')

  // Up to `beginOn` nothing is written, but that a target with our mark is isolated anew: first the plan is checked against
  // the archive, then the target, then every byte of log.
  const segments = checkPlan(archive, facts, plan)
  const method = findMethod(plan, methods)
  const timeline = (await archive.timelines({ signal })).find(({ id }) => id === plan.timelineId)
  if (timeline !== undefined) requireOtherServer(timeline, server)
  await requirePreflight(server, 'restore', operation)
  await replayer.check(server)
  await using target = await holdTarget(server)
  const content = await clock.time('check', () =>
    findContent(target, plan, { ...operation, preserves: preserveTransactions }),
  )
  const { lacking } = await adoptedSettings(target, plan.image.backup.server)
  const reportOn = (
    executedGtids: string | undefined,
    {
      earlier = false,
      resumedAt,
      rowsCompared,
      more = [],
    }: Partial<RestoreFacts> & { readonly more?: readonly string[] },
  ): RestoreReport =>
    new RestoreReport({
      planHash: plan.hash,
      image: { id: plan.image.id, bytes: plan.image.backup.bytes },
      target: { address: `${server.identity.hostname}:${server.identity.port}`, version: server.version.text },
      replayer: replayer.name,
      ...plan.replayed,
      lastApplied: plan.lastIncluded,
      firstLeftOut: plan.firstExcluded,
      skipped: plan.skipped?.transactions ?? [],
      executedGtids: hasGtids(plan) ? executedGtids : undefined,
      isolation: isolation === 'lift' ? 'lifted' : 'kept',
      earlier,
      resumedAt,
      rowsCompared,
      warnings: [...warningsOf(plan, server, timeline?.source.serverId), ...lacking.map(lackingSetting), ...more],
      phases: clock.durations,
    })

  // An earlier run proved the target and was stopped before it could hand it over, or kept it isolated.
  if (content.kind === 'marked' && isProved(content.marker.phase)) {
    const { marker } = content
    const more = await writtenSince(target, marker.state)
    await clock.time('finish', () => finishEarlier(target, plan, marker, isolation, operation))
    return reportOn(marker.state.provedGtids, { earlier: true, more })
  }

  const counts = await countsGtids(target, plan)
  requireCountsSkipped(plan, counts)
  const { user } = server.connection
  const by = { replayer: replayer.name, accounts, user, counts, preserves: preserveTransactions }
  // Where it would have to note its place in every transaction, the log would hold that as well.
  const resumes = replayer.resumes && (counts || !preserveTransactions)
  const half = content.kind === 'marked' ? content.marker : undefined
  const earlier =
    half && (await leaving(plan.hash, 'begun', () => findEarlierReplay(target, plan, half, by, operation)))
  await checkLoad(archive, plan, method, server, { ...operation, accounts })
  const { files, needs } = await clock.time('verify', async () => {
    if (verify === 'before') await verifyBackup(archive, plan, operation)
    return verifyLog(archive, plan, segments, replayer.limits, operation, earlier)
  })
  await requireNeeds(target, plan.image.backup, needs)
  throwIfAborted(signal, 'the restore')

  // From here on the target is marked, and isolated until the proof is done.
  const left = earlier?.leftOf(files)
  if (earlier !== undefined && left === undefined) logger.warn(NOT_A_BEGINNING)
  const proved = await leaving(plan.hash, 'begun', async () => {
    if (left === undefined) await beginOn(target, plan, content, operation)
    let state = await setDurability(target, durability)
    const { ownGtids } = state
    if (left === undefined) {
      await clock.time('load', () =>
        loadBackup(archive, plan, method, target, ownGtids, files, { ...operation, accounts }),
      )
      if (resumes) state = await markGoingOn(target, state, by)
    } else {
      await goOnBehind(target, left, operation)
    }
    const { executedGtids, compared } = await orBeginAnew(target, async () => {
      const how = { ...operation, target, replayer, preserveTransactions, verifyBefore, resumes, done: left?.done }
      const replayed = await clock.time('replay', () => replayLog(archive, plan, left?.files ?? files, how))
      const executedGtids = await clock.time('prove', () => prove(plan, target, replayed, ownGtids, operation))
      return { executedGtids, compared: replayed.compared }
    })
    // What is kept isolated must not be opened by the accounts that came with the backup and the log.
    const final = isolation === 'keep' ? await isolateTarget(target, state, plan.image.backup.server) : state
    await clock.time('finish', () => makeDurable(target, final))
    return { state: await markProved(target.session, final, executedGtids), executedGtids, compared }
  })
  await clock.time('finish', () => finish({ target, planHash: plan.hash, state: proved.state }, isolation, operation))
  const { executedGtids, compared } = proved
  return reportOn(executedGtids, {
    resumedAt: left?.done.at,
    rowsCompared: compared?.rows,
    more: compared?.warnings ?? [],
  })
}

// These are for callers without types.

function kindOf(into: unknown): unknown {
  return typeof into === 'object' && into !== null && 'kind' in into ? into.kind : undefined
}

function cannotVerify(replayer: ReplayerName): PitrError {
  return new PitrError('InvalidArgument', {
    subject: 'verifyBefore',
    message: `the replayer ${replayer} cannot compare rows before it changes them`,
    hint: "Use verifyBefore with replayer: 'direct'.",
  })
}

function requirePlan(plan: unknown): void {
  if (plan instanceof RestorePlan) return
  throw new PitrError('InvalidArgument', {
    subject: 'plan',
    message: 'what was given is not a restore plan',
    hint: 'Use what manager.plan(target) returns, or RestorePlan.fromJSON(json) for a plan that was saved.',
  })
}

function warningsOf(plan: RestorePlan, { identity }: Server, sourceId: number | undefined): readonly string[] {
  if (identity.serverId !== sourceId) return plan.warnings
  const sameId = `the target has the server_id of the source, ${identity.serverId}: give it another one before it replicates`
  return [...plan.warnings, sameId]
}

function lackingSetting(setting: string): string {
  return `the target does not have the setting ${setting} of the source: definitions that do not say what it decides may differ`
}
