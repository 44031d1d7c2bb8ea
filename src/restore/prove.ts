import type { GtidSet } from '../coordinates/gtid-set.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'
import { PitrError } from '../errors.ts'
import type { RestorePlan } from '../image/restore-plan.ts'
import type { LogCounts } from '../image/segment.ts'
import { throwIfAborted } from '../options.ts'
import type { OperationOptions } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import { replayDialect } from '../server/flavor/replay-dialect-of.ts'
import { differingCount } from './count-sum.ts'
import { countsGtids } from './counts-gtids.ts'
import type { Replayed } from './replay-log.ts'
import type { HeldTarget } from './target/held-target.ts'
import { readNonce } from './target/marker.ts'
import { proveTables } from './target/prove-tables.ts'

/**
 * Proves that the target holds exactly what the plan promises, by three independent things: what was sent equals the plan,
 * the last statement behind it arrived on the target, and the server itself counts exactly these GTIDs. Where only some
 * tables were chosen, they are there and no others are. Returns the executed GTIDs. Throws `ProofFailed`, naming the
 * difference.
 */
export async function prove(
  plan: RestorePlan,
  target: HeldTarget,
  replayed: Replayed,
  ownGtids: string,
  { signal, onProgress }: OperationOptions,
): Promise<string> {
  throwIfAborted(signal, 'the restore')
  const meter = new ProgressMeter('restore:prove', 'the target', onProgress)
  requireCounts(replayed.sent, plan.replayed)
  if ((await readNonce(target.session)) !== replayed.nonce) {
    throw proofFailed('sentinel', 'the statement sent behind the last transaction did not arrive on the target', {})
  }
  await proveTables(target, plan)
  const proved = await proveGtids(plan, target, replayed, ownGtids)
  const executed = (await markSkipped(plan, target, proved)) ?? proved
  meter.finish()
  return executed
}

function requireCounts(sent: LogCounts, planned: LogCounts): void {
  const name = differingCount(sent, planned)
  if (name === undefined) return
  throw proofFailed(name, `${sent[name]} ${name} were replayed, the plan promises ${planned[name]}`, { sent, planned })
}

async function proveGtids(
  plan: RestorePlan,
  target: HeldTarget,
  { changed }: Replayed,
  ownGtids: string,
): Promise<string> {
  const { session, server } = target
  const { flavor, dialect } = server
  const text = await dialect.executedGtids(session)
  const found = parseGtidSet(flavor, text)
  const before = unionOf(parseGtidSet(flavor, ownGtids), plan.image.gtidSet)
  // What a server does not count it cannot prove; counts and sentinel stand alone then.
  const counts = await countsGtids(target, plan)
  const expected = counts ? unionOf(before, plan.gtids?.replayed) : before
  if (found.equals(expected)) return text
  const least = counts && !replayDialect(flavor).countsWithoutChange ? before.union(changed) : expected
  if (expected.contains(found) && found.contains(least)) {
    // Only statements at the end that may have changed nothing are missing.
    await dialect.addExecutedGtids(session, expected.toString())
    return await dialect.executedGtids(session)
  }
  throw proofFailed(
    'executed GTIDs',
    `the target has executed "${String(found)}", the plan promises "${String(expected)}"`,
    {
      found: found.toString(),
      expected: expected.toString(),
    },
  )
}

/** Makes the target count what was skipped as executed, where the plan says so: behind the proof that it was not. */
async function markSkipped(plan: RestorePlan, target: HeldTarget, proved: string): Promise<string | undefined> {
  if (plan.skipped?.gtids !== 'executed' || !(await countsGtids(target, plan))) return undefined
  const { session, server } = target
  const { flavor, dialect } = server
  const before = parseGtidSet(flavor, proved)
  const missing = plan.skipped.transactions.flatMap(({ gtid = '' }) =>
    gtid === '' || before.includes(gtid) ? [] : gtid,
  )
  if (missing.length === 0) return undefined
  const expected = before.withAll(missing)
  const { fillsIn, nextGtid } = replayDialect(flavor)
  // Where each GTID counts by itself it is logged as an empty transaction, which replicas can get; what is only declared to
  // be executed they cannot: https://dev.mysql.com/doc/refman/en/replication-gtids-failover.html#replication-gtids-failover-empty
  await session.run(dialect.sessionAfterReplay)
  for (const gtid of fillsIn ? missing : []) await session.run([...nextGtid(gtid), 'START TRANSACTION', 'COMMIT'])
  await session.run(dialect.sessionAfterReplay)
  if (!fillsIn) await dialect.addExecutedGtids(session, expected.subtract(before).toString())
  const found = await dialect.executedGtids(session)
  if (parseGtidSet(flavor, found).equals(expected)) return found
  throw proofFailed(
    'executed GTIDs',
    `the target counts "${found}" as executed where "${String(expected)}" was set, with what is skipped`,
    { found, expected: expected.toString() },
  )
}

function unionOf(set: GtidSet, other: GtidSet | undefined): GtidSet {
  return other === undefined ? set : set.union(other)
}

function proofFailed(subject: string, message: string, details: Record<string, unknown>): PitrError {
  return new PitrError('ProofFailed', {
    subject,
    message: `the restored target is not proved: ${message}`,
    hint: 'Do not use this target. Restore again; when it stays, report it with the details of this error.',
    details,
  })
}
