import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import type { Timestamp } from '../coordinates/timestamp.ts'
import type { BackupImage } from './backup-image.ts'
import type { ImageFacts } from './timeline-facts.ts'

/** A range of one binlog file. */
export interface BinlogRange {
  /** Identity of the file. */
  readonly fileId: string
  /** Name the file has or had on its server. */
  readonly file: string
  /** First byte. */
  readonly from: number
  /** Byte behind the last one. */
  readonly to: number
}

/** Where one image stands among the others of its timeline: what {@link RecoveryImage} gets from its sequence. */
export interface PlaceInSequence {
  /** The archived binlog from the image's position to the next image's, or to the end of the log. */
  readonly binlogs: readonly BinlogRange[]
  /** The image that closed this one; undefined for the newest. */
  readonly next?: Pick<ImageFacts, 'position' | 'startTime'> | undefined
}

/**
 * A backup image, the binlog position it represents, and the ranges of binlog files that follow it up to the next
 * image. It holds facts; the bytes lie in storage. Made by an {@link ImageSequence}, which knows its neighbours.
 */
export class RecoveryImage {
  /** Unique within the archive. */
  readonly id: string
  /** The timeline it belongs to. */
  readonly timelineId: string
  /** The base backup. */
  readonly backup: BackupImage
  /** Where in the log the state of the backup lies. */
  readonly position: BinlogPosition
  /** Identity of the binlog file of {@link RecoveryImage.position}. */
  readonly fileId: string
  /** The GTIDs executed before the position; undefined without GTIDs. */
  readonly gtidSet?: GtidSet | undefined
  /** The server's clock when the position was known. */
  readonly startTime: Timestamp
  /** The next image's start time; undefined while the image is open. */
  readonly endTime?: Timestamp | undefined
  /** The next image's position; undefined while the image is open. */
  readonly endPosition?: BinlogPosition | undefined
  /** The newest image of a timeline is open: it still gains binlogs. All others are closed. */
  readonly state: 'open' | 'closed'
  /** The archived binlog from the position to the end position, in log order; an open image's grows. */
  readonly binlogs: readonly BinlogRange[]

  /**
   * Puts the facts of an image in its place.
   * @internal
   */
  constructor(facts: ImageFacts, place: PlaceInSequence) {
    this.id = facts.id
    this.timelineId = facts.timelineId
    this.backup = facts.backup
    this.position = facts.position
    this.fileId = facts.fileId
    this.gtidSet = facts.gtidSet
    this.startTime = facts.startTime
    this.endTime = place.next?.startTime
    this.endPosition = place.next?.position
    this.state = place.next === undefined ? 'open' : 'closed'
    this.binlogs = place.binlogs
  }
}
