import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { USUAL_RESOLUTION } from '../../coordinates/timestamp.ts'
import { PitrError } from '../../errors.ts'
import { describeRestoreTarget } from '../../image/restore-target.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import { TimeLimit } from '../../image/time-limit.ts'
import type { LogSpan } from './log-span.ts'
import type { Located, LogView } from './log-view.ts'
import { refOf } from './log-view.ts'
import { stopAtEnd, stopBefore } from './stop.ts'
import type { Stop } from './stop.ts'
import { beforeWindow, beyondWindow, coverageLost, newestResolution } from './window-errors.ts'

/** A target that is a time. */
export type TimeTarget = Extract<RestoreTarget, { kind: 'time' }>

/** More than a person reads. */
const CANDIDATES_LISTED = 20

/**
 * The stop for a time: the first transaction of the timeline, in its log's order, that committed after it. Throws
 * `TargetBeforeWindow`, `TargetBeyondWindow`, and `AmbiguousTime` when a transaction behind that one did not.
 */
export function findTime(log: LogView, target: TimeTarget, ambiguous: 'first' | 'last' | undefined): Stop {
  const limit = new TimeLimit(target)
  requireInWindow(log, target, limit)
  const candidates = findCandidates(log, limit)
  if (candidates.length > 1 && ambiguous === undefined) throw ambiguousTime(log, target, candidates)
  const chosen = ambiguous === 'last' ? candidates.at(-1) : candidates[0]
  return chosen?.later === undefined ? stopAtEnd(log) : stopBefore(log, chosen.later)
}

/** The places of the spans whose transactions {@link findTime} looks at, and the places of those the stop may lie in. */
export function locateTime(log: LogView, target: TimeTarget, ambiguous: 'first' | 'last' | undefined): number[] {
  const limit = new TimeLimit(target)
  const mixed = log.spans.flatMap((span, index) => (isMixed(span, limit) ? [index] : []))
  const first = log.spans.findIndex(
    ({ maxCommitTime }) => maxCommitTime !== undefined && !limit.includes(maxCommitTime),
  )
  if (first < 0) return []
  if (ambiguous !== 'last') return [first, ...mixed.filter((index) => index >= first)]
  const last = log.spans.findLastIndex(
    ({ minCommitTime }) => minCommitTime !== undefined && limit.includes(minCommitTime),
  )
  return [Math.max(first, last), ...mixed]
}

function requireInWindow(log: LogView, target: TimeTarget, limit: TimeLimit): void {
  const [first] = log.images
  const oldest = log.firstFrom(0)?.ref.commitTime.resolution ?? USUAL_RESOLUTION[log.facts.flavor]
  if (first !== undefined && limit.lastMicrosecond(oldest) < first.startTime.epochMicroseconds) {
    throw beforeWindow(target, first)
  }
  // Without it: what an image lies behind was archived before it.
  const covered = log.facts.coveredUntil?.time ?? log.images.at(-1)?.startTime
  if (covered === undefined || limit.lastMicrosecond(newestResolution(log)) > covered.epochMicroseconds) {
    throw log.facts.coveredUntil === undefined ? coverageLost(log) : beyondWindow(target, log)
  }
}

/** A place where the log passes from commits at or before the limit to later ones. */
interface Candidate {
  /** The transaction before it. */
  readonly earlier?: Located | undefined
  /** The later one behind it; undefined at the end of the log. */
  readonly later?: Located | undefined
}

// All of them in log order. Only spans with commits on both sides of the limit are looked into.
function findCandidates(log: LogView, limit: TimeLimit): Candidate[] {
  const candidates: Candidate[] = []
  let earlier: Located | undefined
  let below = true
  const step = (first: Located, last: Located, included: boolean) => {
    if (below && !included) candidates.push({ earlier, later: first })
    below = included
    earlier = last
  }
  for (const [index, span] of log.spans.entries()) {
    const { first, last, minCommitTime } = span
    if (first === undefined || last === undefined || minCommitTime === undefined) continue
    if (!isMixed(span, limit)) {
      step({ index, ref: first }, { index, ref: last }, limit.includes(minCommitTime))
      continue
    }
    for (const transaction of log.transactions(index)) {
      const located = { index, ref: refOf(span, transaction) }
      step(located, located, limit.includes(transaction.commitTime))
    }
  }
  if (below && candidates.length > 0) candidates.push({ earlier })
  return candidates
}

function isMixed({ minCommitTime, maxCommitTime }: LogSpan, limit: TimeLimit): boolean {
  return (
    minCommitTime !== undefined &&
    maxCommitTime !== undefined &&
    limit.includes(minCommitTime) &&
    !limit.includes(maxCommitTime)
  )
}

function ambiguousTime(log: LogView, target: TimeTarget, candidates: readonly Candidate[]): PitrError {
  const listed =
    candidates.length <= CANDIDATES_LISTED
      ? candidates
      : [...candidates.slice(0, CANDIDATES_LISTED - 1), ...candidates.slice(-1)]
  const described = listed.map((candidate) => describeCandidate(log, candidate))
  const places = described.map(
    ({ position, lastIncluded }) =>
      `${formatBinlogPosition(position)} (behind a commit of ${lastIncluded?.commitTime ?? 'none'})`,
  )
  return new PitrError('AmbiguousTime', {
    subject: describeRestoreTarget(target),
    message: `commit times do not follow the order of the log (a clock was set back, or SET timestamp was used): ${candidates.length} places in it fit ${describeRestoreTarget(target)}: ${places.join(', ')}`,
    hint: 'Choose the first or the last of them (option ambiguous), or name one of the positions as the target.',
    details: { count: candidates.length, candidates: described },
  })
}

function describeCandidate(log: LogView, { earlier, later }: Candidate) {
  const { fileId, position } = later === undefined ? log.end : log.startOf(later.ref)
  return { fileId, position, lastIncluded: describeRef(earlier), firstExcluded: describeRef(later) }
}

function describeRef(located: Located | undefined) {
  if (located === undefined) return null
  const { start, gtid, commitTime } = located.ref
  return { position: start, gtid: gtid ?? null, commitTime: commitTime.toString() }
}
