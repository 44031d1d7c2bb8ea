import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { Segment } from '../../image/segment.ts'
import type { Division } from './divide-by-scope.ts'
import { isIn } from './measure-range.ts'
import type { Obstacle } from './obstacle.ts'
import type { SegmentPart } from './measure-range.ts'

/** More than a person reads. */
const OBSTACLES_LISTED = 20

/** Throws `Unreplayable` with the places of all that no replayer can apply faithfully; what is left out does not count. */
export function requireReplayable(parts: readonly SegmentPart[], division: Division | undefined): void {
  const recorded = parts.flatMap((part) =>
    part.segment.obstacles
      .filter(({ offset }) => isIn(part, offset) && !isLeftOut(division, part.segment, offset))
      .map((obstacle): Obstacle => ({ segment: part.segment, ...obstacle })),
  )
  const obstacles = [...recorded, ...(division?.obstacles ?? [])]
  const [first] = obstacles
  if (first !== undefined) throw unreplayable(first, obstacles)
}

function isLeftOut(division: Division | undefined, segment: Segment, offset: number): boolean {
  return (
    division?.outside.some(
      ({ segment: other, transaction: { start, end } }) => other === segment && start <= offset && offset < end,
    ) === true
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
        fileId: obstacle.segment.fileId,
        position: { file: obstacle.segment.file, offset: obstacle.offset },
        gtid: obstacle.transaction?.gtid ?? null,
        reason: obstacle.reason,
      })),
    },
  })
}

function placeOf({ segment: { file }, offset, transaction }: Obstacle): string {
  const gtid = transaction?.gtid === undefined ? '' : ` (GTID ${transaction.gtid})`
  return `${formatBinlogPosition({ file, offset })}${gtid}`
}
