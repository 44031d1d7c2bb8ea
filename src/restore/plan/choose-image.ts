import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { contradiction } from '../../image/contradiction.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import type { BackupImage } from '../../image/backup-image.ts'
import type { DamagedBytes, ImageFacts, TimelineFacts } from '../../image/timeline-facts.ts'
import { comparePoints } from './log-view.ts'
import type { LogPoint, LogView } from './log-view.ts'
import { beforeWindow } from './window-errors.ts'

/** The image a plan starts from, and those that would have been nearer. */
export interface ChosenImage {
  readonly image: ImageFacts
  readonly point: LogPoint
  /** Newer ones before the stop whose bytes are damaged. */
  readonly damaged: readonly ImageFacts[]
}

/**
 * The newest whole image at or before a point. Throws `TargetBeforeWindow` when there is none, `ObjectMissing` or
 * `ChecksumMismatch` when the bytes of all that are there are damaged.
 */
export function chooseImage(log: LogView, furthest: LogPoint, target: RestoreTarget): ChosenImage {
  const before = log.images.filter((image) => comparePoints(log.pointOfImage(image), furthest) <= 0)
  const image = before.findLast((candidate) => !isDamaged(log, candidate))
  if (image !== undefined) {
    return { image, point: log.pointOfImage(image), damaged: before.slice(before.indexOf(image) + 1) }
  }
  const newest = before.at(-1)
  throw newest === undefined ? beforeWindow(target, log.images[0]) : allDamaged(log, before, newest)
}

/** Whether bytes that an image names are known not to be there. */
export function isDamaged({ facts }: LogView, { backup }: ImageFacts): boolean {
  return damageOf(facts, backup) !== undefined
}

function damageOf({ damaged }: TimelineFacts, backup: BackupImage): DamagedBytes | undefined {
  return damaged?.find(({ key }) => backup.parts.some(({ blob }) => blob.key === key))
}

/** Throws `CorruptManifest` when the log up to the image does not say what the image says about itself. */
export function checkImage(log: LogView, { image, point }: ChosenImage): void {
  const index = log.indexAt(point)
  const span = log.spans[index]
  const isInside = span?.fileId === image.fileId && span.from < point.position.offset
  const split = isInside
    ? log.transactions(index).find(({ start, end }) => start < point.position.offset && end > point.position.offset)
    : undefined
  const place = formatBinlogPosition(image.position)
  if (split !== undefined) {
    throw contradiction(image, `the position ${place} of image ${image.id} lies inside a transaction`)
  }
  const executed = log.gtidsAt(point)
  if (executed !== undefined && image.gtidSet !== undefined && !executed.equals(image.gtidSet)) {
    throw contradiction(image, `image ${image.id} says other GTIDs were executed before ${place} than the log`)
  }
}

function allDamaged({ facts }: LogView, images: readonly ImageFacts[], newest: ImageFacts): PitrError {
  const damage = damageOf(facts, newest.backup)
  const isMissing = damage?.problem !== 'size'
  return new PitrError(isMissing ? 'ObjectMissing' : 'ChecksumMismatch', {
    subject: damage?.key ?? newest.id,
    message: `no recovery image before the target is whole: bytes of the newest, ${newest.id}, are ${isMissing ? 'missing' : 'of another size than recorded'}`,
    hint: 'Bring the missing objects back from a copy of the storage, or choose a target behind a newer image.',
    details: { images: images.map(({ id }) => id) },
  })
}
