import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { describeRestoreTarget, normalizeRestoreTarget } from '../../image/restore-target.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
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

/** The error for a target beyond what is archived. */
export function beyondWindow(target: RestoreTarget, log: LogView): PitrError {
  const end = formatBinlogPosition(log.end.position)
  const time = log.facts.coveredUntil?.time
  const latest = time === undefined ? undefined : latestComplete(time, newestResolution(log)).toString()
  const until =
    latest === undefined
      ? 'no time is recorded until which the archive is complete'
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

/** How fine the newest commit times are. */
export function newestResolution(log: LogView): 'microsecond' | 'second' {
  return log.lastBefore(log.segments.length)?.ref.commitTime.resolution ?? 'microsecond'
}
