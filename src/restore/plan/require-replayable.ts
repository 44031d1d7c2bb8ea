import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { Division } from './divide-by-scope.ts'
import { segmentOf } from './log-span.ts'
import type { LogSpan } from './log-span.ts'
import { isIn } from './measure-range.ts'
import type { Obstacle } from './obstacle.ts'
import type { SpanPart } from './measure-range.ts'

/** More than a person reads. */
const OBSTACLES_LISTED = 20

/** Throws `Unreplayable` with the places of all that no replayer can apply faithfully; what is left out does not count. */
export function requireReplayable(parts: readonly SpanPart[], division: Division | undefined): void {
  const recorded = parts.flatMap((part) =>
    segmentOf(part.span)
      .obstacles.filter(({ offset }) => isIn(part, offset) && !isLeftOut(division, part.span, offset))
      .map((obstacle): Obstacle => ({ span: part.span, ...obstacle })),
  )
  const obstacles = [...recorded, ...(division?.obstacles ?? [])]
  const [first] = obstacles
  if (first !== undefined) throw unreplayable(first, obstacles)
}

function isLeftOut(division: Division | undefined, span: LogSpan, offset: number): boolean {
  if (division === undefined) return false
  return (
    division.outside.some(
      ({ span: other, transaction: { start, end } }) => other === span && start <= offset && offset < end,
    ) || division.summed.some((sum) => sum.span === span && sum.obstaclesLeftOut.has(offset))
  )
}

function unreplayable(first: Obstacle, all: readonly Obstacle[]): PitrError {
  const place = placeOf(first)
  const more = all.length > 1 ? `, and ${all.length - 1} more` : ''
  return new PitrError('Unreplayable', {
    subject: place,
    message: `the log from the image to the target holds what cannot be replayed faithfully: ${place}: ${first.reason}${more}`,
    hint: 'A target before this place can be restored, and one behind a later image. A new backup makes everything behind it restorable.',
    details: {
      count: all.length,
      obstacles: all.slice(0, OBSTACLES_LISTED).map((obstacle) => ({
        fileId: obstacle.span.fileId,
        position: { file: obstacle.span.file, offset: obstacle.offset },
        gtid: obstacle.transaction?.gtid ?? null,
        reason: obstacle.reason,
      })),
    },
  })
}

function placeOf({ span: { file }, offset, transaction }: Obstacle): string {
  const gtid = transaction?.gtid === undefined ? '' : ` (GTID ${transaction.gtid})`
  return `${formatBinlogPosition({ file, offset })}${gtid}`
}
