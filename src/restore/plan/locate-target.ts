import { RestoredTables } from '../../image/restored-tables.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import type { ImageFacts } from '../../image/timeline-facts.ts'
import { isDamaged } from './choose-image.ts'
import { locatePosition } from './find-position.ts'
import { locateNamed } from './find-skipped.ts'
import { locateTime } from './find-time.ts'
import { locateByGtid } from './find-transaction.ts'
import type { LogSpan } from './log-span.ts'
import { comparePoints } from './log-view.ts'
import type { LogView } from './log-view.ts'
import type { PlannerOptions } from './plan-options.ts'

/**
 * The spans whose transactions `planRestore` needs in detail, in log order: those the stop lies in and next to, the one the
 * image lies in, and those of skipped transactions; when only some tables are restored, all between. Pure; throws what
 * planning throws as far as the facts alone show it.
 *
 * @example
 * ```ts
 * const details = new Map<LogSpan, readonly Transaction[]>()
 * for (const span of locateTarget(log, target, options)) details.set(span, await read(span))
 * const plan = planRestore(log.with(details), target, options)
 * ```
 */
export function locateTarget(log: LogView, target: RestoreTarget, options: LocateOptions = {}): readonly LogSpan[] {
  const { detailed, divided } = locate(log, target, options)
  return [...new Set([...detailed, ...divided])]
    .toSorted((a, b) => a - b)
    .flatMap((index) => log.spans[index] ?? [])
    .filter(({ counts }) => counts.transactions > 0)
}

/** Those of them whose transactions are needed one by one; of the others their sum is enough, see `sumSpan`. */
export function locateDetailed(log: LogView, target: RestoreTarget, options: LocateOptions = {}): ReadonlySet<LogSpan> {
  return new Set([...locate(log, target, options).detailed].flatMap((index) => log.spans[index] ?? []))
}

type LocateOptions = Pick<PlannerOptions, 'ambiguous' | 'skip' | 'only'>

/** Places of spans: of those that are needed in detail, and of those that are divided by the tables that are restored. */
interface Places {
  readonly detailed: ReadonlySet<number>
  readonly divided: readonly number[]
}

function locate(log: LogView, target: RestoreTarget, options: LocateOptions): Places {
  const stops = locateStop(log, target, options)
  const named = (options.skip ?? []).map((name) => locateNamed(log, name))
  const skipped = named.map(([first]) => first)
  const again = target.kind === 'transaction' ? [locateByGtid(log, target.gtid), ...named] : named
  // Nothing is left out at the end of the log, and the last transaction is described as everywhere else.
  const around = stops.length === 0 ? [log.spans.length] : stops
  const ofImages = aroundImages(log, stops, Math.min(...skipped), options.only)
  return {
    detailed: new Set([
      ...[...around, ...skipped].flatMap((index) => aroundStop(log, index)),
      ...again.flat(),
      ...ofImages.map(([first]) => first!),
    ]),
    divided: ofImages.flat(),
  }
}

// The first one is the first the stop can lie in; none when it lies at the end of the log.
function locateStop(log: LogView, target: RestoreTarget, { ambiguous }: Pick<PlannerOptions, 'ambiguous'>): number[] {
  switch (target.kind) {
    case 'latest':
      return []
    case 'time':
      return locateTime(log, target, ambiguous)
    case 'transaction':
      return [locateByGtid(log, target.gtid)[0]]
    case 'position':
      return [locatePosition(log, target)]
  }
}

// The last transaction included and the first left out may be those of the neighbours.
function aroundStop(log: LogView, index: number): number[] {
  return [log.lastBefore(index)?.index ?? index, index, log.firstFrom(index + 1)?.index ?? index]
}

// The image lies before the first skipped transaction, too. For each image its span, and those behind it that are divided.
function aroundImages(
  log: LogView,
  stops: readonly number[],
  firstSkipped: number,
  only: PlannerOptions['only'],
): readonly (readonly number[])[] {
  const [first, ...others] = stops
  const lowest = first === undefined ? log.spans.length : Math.min(first, ...others)
  const highest =
    first === undefined
      ? log.spans.length - 1
      : (log.firstFrom(Math.max(first, ...others) + 1)?.index ?? log.spans.length - 1)
  return imagesAround(log, Math.min(lowest, firstSkipped), Math.min(highest, firstSkipped)).map((image) => {
    const index = log.indexAt(log.pointOfImage(image))
    if (new RestoredTables({ backup: image.backup, only }).isAll) return [index]
    return [index, ...Array.from({ length: Math.max(0, highest - index) }, (_, i) => index + 1 + i)]
  })
}

// The newest whole one that is surely before the stop, and those that may be.
function imagesAround(log: LogView, lowest: number, highest: number): ImageFacts[] {
  const start = log.spans[lowest]
  const border = start === undefined ? log.end : log.pointIn(start, start.from)
  const whole = log.images.filter((image) => !isDamaged(log, image))
  const newest = whole.findLastIndex((image) => comparePoints(log.pointOfImage(image), border) <= 0)
  return whole.slice(Math.max(0, newest)).filter((image) => log.indexAt(log.pointOfImage(image)) <= highest)
}
