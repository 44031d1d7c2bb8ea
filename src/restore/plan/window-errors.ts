import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { USUAL_RESOLUTION } from '../../coordinates/timestamp.ts'
import type { Resolution, Timestamp } from '../../coordinates/timestamp.ts'
import { PitrError } from '../../errors.ts'
import { describeRestoreTarget, normalizeRestoreTarget } from '../../image/restore-target.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import { findLostEnd } from '../../image/lost-end.ts'
import { brokenChain } from '../../image/segment-chain.ts'
import { latestComplete } from '../../image/time-limit.ts'
import type { ImageFacts } from '../../image/timeline-facts.ts'
import type { LogView } from './log-view.ts'

/** The error for a target before the first image. */
export function beforeWindow(target: RestoreTarget, first: ImageFacts | undefined): PitrError {
  const earliest =
    first === undefined ? '' : `${first.startTime.toString()}, at ${formatBinlogPosition(first.position)}`
  return new PitrError('TargetBeforeWindow', {
    subject: describeRestoreTarget(target),
    message: `${describeRestoreTarget(target)} lies before the first recovery image, taken at ${earliest}`,
    hint: 'There is no backup that old. Choose a target at or behind the first image.',
    details: {
      target: normalizeRestoreTarget(target),
      earliest:
        first === undefined ? null : { time: first.startTime.toString(), position: first.position, image: first.id },
    },
  })
}

/** The error for a target beyond what is archived: `BrokenChain` when more was archived once. */
export function beyondWindow(target: RestoreTarget, log: LogView): PitrError {
  const lost = findLostEnd(log.facts, log.chain, log.images)
  if (lost !== undefined) return brokenChain(lost)
  const end = formatBinlogPosition(log.end.position)
  const latest = latestOf(log)?.toString()
  const until =
    latest === undefined
      ? 'no time behind the first backup is known until which the archive is complete'
      : `the latest possible time is ${latest}`
  return new PitrError('TargetBeyondWindow', {
    subject: describeRestoreTarget(target),
    message: `${describeRestoreTarget(target)} lies beyond what is archived: ${until}, the log ends at ${end}`,
    hint: 'Archive again while the server is there; or choose the target "latest" for everything that is archived.',
    details: {
      target: normalizeRestoreTarget(target),
      latest: { time: latest ?? null, position: log.end.position },
    },
  })
}

// As the window has it: a time before the first image is of no use.
function latestOf(log: LogView): Timestamp | undefined {
  const { time } = log.facts.coveredUntil ?? {}
  const [first] = log.images
  if (time === undefined || (first !== undefined && time.compare(first.startTime) < 0)) return undefined
  return latestComplete(time, newestResolution(log))
}

/** The error for an archive that does not say until when it is complete. Every archive with an image has a record of it. */
export function coverageLost({ facts, end }: LogView): PitrError {
  const { file, offset } = end.position
  return (
    facts.unreadable?.find(({ kind }) => kind === 'coverage')?.error ??
    new PitrError('ObjectMissing', {
      subject: `the coverage of timeline ${facts.timelineId}`,
      message: `the archive holds no record of how far its log went: whether ${file}:${offset} is its end is not known`,
      hint: 'Archive again while the server is there, which records it anew; or name a position or a transaction as the target.',
    })
  )
}

/** How fine the newest commit times are. */
export function newestResolution(log: LogView): Resolution {
  return log.lastBefore(log.spans.length)?.ref.commitTime.resolution ?? USUAL_RESOLUTION[log.facts.flavor]
}
