import type { GtidSet } from '../../coordinates/gtid-set.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import { USUAL_RESOLUTION } from '../../coordinates/timestamp.ts'
import { RestorePlan } from '../../image/restore-plan.ts'
import type { LeftOut, LogPlace, PlannedSegment, RestorePlanParts } from '../../image/restore-plan-parts.ts'
import { normalizeRestoreTarget } from '../../image/restore-target.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import type { Segment } from '../../image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../image/timeline-facts.ts'
import { checkImage, chooseImage } from './choose-image.ts'
import type { ChosenImage } from './choose-image.ts'
import { describeTransaction, warnOfDamage } from './describe-transaction.ts'
import { divideByScope } from './divide-by-scope.ts'
import type { Division } from './divide-by-scope.ts'
import { findStop } from './find-stop.ts'
import { comparePoints, LogView } from './log-view.ts'
import type { LogPoint } from './log-view.ts'
import { countBytes, countParts, countTransactions, laterPoint, partsBetween } from './measure-range.ts'
import type { PlannerOptions, SegmentDetails } from './plan-options.ts'
import { proveRange, proveTime } from './prove-log.ts'
import type { Stop } from './stop.ts'
import { requireReplayable } from './require-replayable.ts'

/**
 * Says how a target is reached, from facts alone. `details` holds the transactions of every segment that `locateTarget`
 * names. Throws `NoImage`, `TargetBeforeWindow`, `TargetBeyondWindow`, `TransactionNotFound`, `NotABoundary`,
 * `AmbiguousTime`, `BrokenChain`, `Unreplayable`, `ObjectMissing` or `CorruptManifest`; never plans for another target.
 */
export function planRestore(
  facts: TimelineFacts,
  target: RestoreTarget,
  details: SegmentDetails,
  options: PlannerOptions,
): RestorePlan {
  const log = new LogView(facts, details)

  // The stop follows from the whole timeline, whichever image is used.
  const stop = findStop(log, target, options)
  const gaps = proveTime(log, target, stop)

  // The image: the newest one that holds nothing behind the stop.
  const chosen = chooseImage(log, stop.furthest, target)
  checkImage(log, chosen)
  const end = laterPoint(chosen.point, stop.point)

  // The log between them: nothing missing, nothing that cannot be replayed.
  const range = proveRange(log, chosen, end)
  const parts = partsBetween(log, range, chosen.point, end)
  const { image } = chosen
  const division = divideByScope(log, parts, image.backup)
  requireReplayable(parts, division)

  const lastIncluded = describeTransaction(log, stop.previous)
  const firstExcluded = describeTransaction(log, stop.next)
  const gtids = describeGtids(log, image, end, division)
  return new RestorePlan({
    archiveId: options.archiveId,
    timelineId: facts.timelineId,
    target: normalizeRestoreTarget(target),
    ...(options.ambiguous === undefined || target.kind !== 'time' ? {} : { ambiguous: options.ambiguous }),
    image: describeImage(image),
    segments: log.segments.slice(range.first, range.last + 1).map(describeSegment),
    start: placeOf(chosen.point),
    stop: placeOf(end),
    bytes: { backup: image.backup.bytes, binlog: countBytes(parts) },
    counts: countParts(log, parts),
    leftOut: countLeftOut(division),
    ...(gtids === undefined ? {} : { gtids }),
    resolution: (firstExcluded ?? lastIncluded)?.commitTime.resolution ?? USUAL_RESOLUTION[facts.flavor],
    ...(lastIncluded === undefined ? {} : { lastIncluded }),
    ...(firstExcluded === undefined ? {} : { firstExcluded }),
    warnings: [
      ...gaps,
      ...warnOfDamage(log, stop.previous),
      ...warnOfDamage(log, stop.next),
      ...warnings(facts, chosen, division, stop),
    ],
  })
}

function describeImage({ id, position, fileId, gtidSet, startTime, backup }: ImageFacts): RestorePlanParts['image'] {
  return { id, position, fileId, ...(gtidSet === undefined ? {} : { gtidSet }), startTime, backup }
}

function describeSegment({ fileId, file, from, to, format, blob }: Segment): PlannedSegment {
  return { fileId, file, from, to, format, blob }
}

function placeOf({ fileId, position }: LogPoint): LogPlace {
  return { fileId, position }
}

function countLeftOut(division: Division | undefined): LeftOut {
  const outside = division?.outside.map(({ transaction }) => transaction) ?? []
  return { ...countTransactions(outside), bytes: outside.reduce((sum, { start, end }) => sum + end - start, 0) }
}

function describeGtids(
  log: LogView,
  image: ImageFacts,
  end: LogPoint,
  division: Division | undefined,
): { after: GtidSet; replayed: GtidSet } | undefined {
  const after = log.gtidsAt(end) ?? (comparePoints(end, log.pointOfImage(image)) === 0 ? image.gtidSet : undefined)
  if (after === undefined) return undefined
  const none = parseGtidSet(log.facts.flavor, '')
  if (division === undefined) return { after, replayed: after.subtract(image.gtidSet ?? none) }
  return { after, replayed: none.withAll(division.inside.flatMap(({ transaction }) => transaction.gtid ?? [])) }
}

function warnings(
  { unreadable = [] }: TimelineFacts,
  { image, damaged }: ChosenImage,
  division: Division | undefined,
  { missingBefore, missingBehind }: Stop,
): string[] {
  const { scope } = image.backup
  return [
    ...(missingBefore === undefined ? [] : [`What preceded is not known: ${missingBefore.reason}.`]),
    ...(missingBehind === undefined ? [] : [`What followed is not known: ${missingBehind.reason}.`]),
    ...damaged.map(
      ({ id }) => `Image ${id} would be nearer, but bytes of it are missing; image ${image.id} is used instead.`,
    ),
    ...unreadable
      .filter(({ kind }) => kind === 'image')
      .map(({ key }) => `The image manifest ${key} is damaged: whether that image would be nearer is not known.`),
    ...(scope === 'all' ? [] : [`Only the databases ${scope.databases.join(', ')} are restored.`]),
    ...(division === undefined || division.outside.length === 0
      ? []
      : ['Transactions outside these databases are left out.']),
  ]
}
