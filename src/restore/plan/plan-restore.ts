import { GtidAccumulator } from '../../binlog/gtid-accumulator.ts'
import type { GtidSet } from '../../coordinates/gtid-set.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import { USUAL_RESOLUTION } from '../../coordinates/timestamp.ts'
import { RestorePlan } from '../../image/restore-plan.ts'
import type { LeftOut, LogPlace, PlannedSegment, RestorePlanParts, Skipped } from '../../image/restore-plan-parts.ts'
import { normalizeRestoreTarget } from '../../image/restore-target.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import type { Segment } from '../../image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../image/timeline-facts.ts'
import { checkImage, chooseImage } from './choose-image.ts'
import type { ChosenImage } from './choose-image.ts'
import { describeSkipped, describeTransaction, warnOfDamage } from './describe-transaction.ts'
import { divideByScope } from './divide-by-scope.ts'
import type { Division } from './divide-by-scope.ts'
import { findSkipped, lastNotSkipped } from './find-skipped.ts'
import type { LocatedSkip } from './find-skipped.ts'
import { findStop } from './find-stop.ts'
import { requireChoosable } from './only-option.ts'
import { segmentsOf } from './log-span.ts'
import { comparePoints } from './log-view.ts'
import type { LogPoint, LogView } from './log-view.ts'
import { countBytes, countParts, countTransactions, earlierPoint, laterPoint, partsBetween } from './measure-range.ts'
import type { PlannerOptions } from './plan-options.ts'
import { proveRange, proveTime } from './prove-log.ts'
import type { Stop } from './stop.ts'
import { requireReplayable } from './require-replayable.ts'
import { requireMet, requireSkippable } from './require-skippable.ts'
import { warnOfScope } from './warn-of-scope.ts'

/**
 * Says how a target is reached, from a view of the log with the transactions of every span that `locateTarget` names. Pure.
 * Throws `NoImage`, `TargetBeforeWindow`, `TargetBeyondWindow`, `TransactionNotFound`, `NotABoundary`,
 * `AmbiguousTime`, `BrokenChain`, `Unreplayable`, `ObjectMissing` or `CorruptManifest`; never plans for another target.
 */
export function planRestore(log: LogView, target: RestoreTarget, options: PlannerOptions): RestorePlan {
  const { facts } = log

  // The stop follows from the whole timeline, whichever image is used.
  const stop = findStop(log, target, options)
  const gaps = proveTime(log, target, stop)
  const skipped = findSkipped(log, options.skip ?? [])
  requireMet(log, skipped, stop.point)

  // The image: the newest one that holds nothing behind the stop, and nothing that is skipped.
  const [firstSkipped] = skipped
  const border = firstSkipped === undefined ? stop.furthest : earlierPoint(stop.furthest, log.startOf(firstSkipped.ref))
  const chosen = chooseImage(log, border, target)
  checkImage(log, chosen)
  const end = laterPoint(chosen.point, stop.point)

  // The log between them: nothing missing, nothing that cannot be replayed.
  const range = proveRange(log, chosen, end)
  const parts = partsBetween(log, range, chosen.point, end)
  const { image } = chosen
  const { only } = options
  if (only !== undefined) requireChoosable(only, image.backup)
  const division = divideByScope(log, parts, { backup: image.backup, only })
  requireReplayable(parts, division)
  requireSkippable(skipped, division, options.skippedGtids ?? 'missing')

  const lastIncluded = describeTransaction(log, lastNotSkipped(log, stop, skipped))
  const firstExcluded = describeTransaction(log, stop.next)
  const gtids = describeGtids(log, image, end, division, skipped)
  return new RestorePlan({
    archiveId: options.archiveId,
    timelineId: facts.timelineId,
    target: normalizeRestoreTarget(target),
    ...(options.ambiguous === undefined || target.kind !== 'time' ? {} : { ambiguous: options.ambiguous }),
    ...(only === undefined ? {} : { only }),
    image: describeImage(image),
    segments: segmentsOf(log.spans.slice(range.first, range.last + 1)).map(describeSegment),
    start: placeOf(chosen.point),
    stop: placeOf(end),
    bytes: { backup: image.backup.bytes, binlog: countBytes(parts) },
    counts: countParts(log, parts),
    leftOut: countLeftOut(division),
    ...(skipped.length === 0 ? {} : { skipped: describeSkips(skipped, division, options) }),
    ...(gtids === undefined ? {} : { gtids }),
    resolution: (firstExcluded ?? lastIncluded)?.commitTime.resolution ?? USUAL_RESOLUTION[facts.flavor],
    ...(lastIncluded === undefined ? {} : { lastIncluded }),
    ...(firstExcluded === undefined ? {} : { firstExcluded }),
    warnings: [
      ...gaps,
      ...warnOfDamage(log, stop.previous),
      ...warnOfDamage(log, stop.next),
      ...warnings(facts, chosen, stop),
      ...warnOfScope(image.backup.scope, only, division),
      ...warnOfSkips(log, chosen, stop, skipped),
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
  const { outside = [], inside = [], summed = [] } = division ?? {}
  const whole = { ...countTransactions(outside.map(({ transaction }) => transaction)) }
  const parts = [
    { ...whole, bytes: outside.reduce((sum, { transaction: { start, end } }) => sum + end - start, 0) },
    ...inside.map(({ transaction, replayed }) => ({
      transactions: 0,
      rowEvents: transaction.rowEvents - replayed.rowEvents,
      rows: transaction.rows - replayed.rows,
      bytes: 0,
    })),
    ...summed.map(({ leftOut }) => leftOut),
  ]
  const sumOf = (name: keyof LeftOut): number => parts.reduce((sum, part) => sum + part[name], 0)
  return {
    transactions: sumOf('transactions'),
    rowEvents: sumOf('rowEvents'),
    rows: sumOf('rows'),
    bytes: sumOf('bytes'),
  }
}

// What comes behind them on the same tables takes reading more: see `readLaterChanges`.
function describeSkips(
  skipped: readonly LocatedSkip[],
  division: Division | undefined,
  { skippedGtids = 'missing' }: PlannerOptions,
): Skipped {
  // What they did to tables that are not restored is left out anyway.
  const replayed = new Map(division?.inside.map((each) => [each.transaction, each.replayed]))
  const transactions = skipped.map((skip) =>
    describeSkipped({ ...skip, transaction: replayed.get(skip.transaction) ?? skip.transaction }),
  )
  return { transactions, later: [], gtids: skippedGtids }
}

function describeGtids(
  log: LogView,
  image: ImageFacts,
  end: LogPoint,
  division: Division | undefined,
  skipped: readonly LocatedSkip[],
): { after: GtidSet; replayed: GtidSet } | undefined {
  const after = log.gtidsAt(end) ?? (comparePoints(end, log.pointOfImage(image)) === 0 ? image.gtidSet : undefined)
  if (after === undefined) return undefined
  const none = parseGtidSet(log.facts.flavor, '')
  if (division !== undefined) {
    const gtids = new GtidAccumulator(log.facts.flavor)
    for (const sum of division.summed) gtids.addAll(sum.gtids)
    for (const { transaction } of division.inside) {
      const isSkipped = skipped.some((skip) => skip.transaction === transaction)
      if (transaction.gtid !== undefined && !isSkipped) gtids.add(transaction.gtid)
    }
    return { after, replayed: gtids.set }
  }
  // By what is replayed between the skipped ones: a position of MariaDB has no holes, but may end before one of them.
  let replayed = none
  let before = image.gtidSet ?? none
  for (const { ref } of skipped) {
    replayed = replayed.union((log.gtidsAt(log.startOf(ref)) ?? before).subtract(before))
    before = log.gtidsAt(log.endOf(ref)) ?? before
  }
  return { after, replayed: replayed.union(after.subtract(before)) }
}

function warnings(
  { unreadable = [] }: TimelineFacts,
  { image, damaged }: ChosenImage,
  { missingBefore, missingBehind }: Stop,
): string[] {
  return [
    ...(missingBefore === undefined ? [] : [`What preceded is not known: ${missingBefore.reason}.`]),
    ...(missingBehind === undefined ? [] : [`What followed is not known: ${missingBehind.reason}.`]),
    ...damaged.map(
      ({ id }) => `Image ${id} would be nearer, but bytes of it are missing; image ${image.id} is used instead.`,
    ),
    ...unreadable
      .filter(({ kind }) => kind === 'image')
      .map(({ key }) => `The image manifest ${key} is damaged: whether that image would be nearer is not known.`),
  ]
}

function warnOfSkips(
  log: LogView,
  { image, point }: ChosenImage,
  { furthest }: Stop,
  skipped: readonly LocatedSkip[],
): string[] {
  if (skipped.length === 0) return []
  const newest = log.images.findLast((other) => comparePoints(log.pointOfImage(other), furthest) <= 0)
  const isNewer = newest !== undefined && comparePoints(log.pointOfImage(newest), point) > 0
  return [
    'Transactions are skipped on purpose: the source never held what the target will hold.',
    ...(isNewer
      ? [`Image ${newest.id} is nearer to the target, but may hold what is skipped; image ${image.id} is used instead.`]
      : []),
  ]
}
