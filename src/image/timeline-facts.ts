import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { Flavor } from '../coordinates/flavor.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import type { Timestamp } from '../coordinates/timestamp.ts'
import type { PitrError } from '../errors.ts'
import type { BackupImage } from './backup-image.ts'
import type { Segment } from './segment.ts'

/** What was recorded about one recovery image when it was taken. Everything else follows from the sequence. */
export interface ImageFacts {
  /** Unique within the archive. */
  readonly id: string
  /** The timeline it belongs to. */
  readonly timelineId: string
  /** The base backup. */
  readonly backup: BackupImage
  /** Where in the log the state of the backup lies. */
  readonly position: BinlogPosition
  /** Identity of the binlog file of `position`. */
  readonly fileId: string
  /** The GTIDs executed before `position`, read from the log; undefined without GTIDs. */
  readonly gtidSet?: GtidSet | undefined
  /** The server's clock when the position was known. */
  readonly startTime: Timestamp
}

/** Until when and where a timeline's archived log is known to be complete. */
export interface Coverage {
  /** By the server's clock: every commit up to then lies before that end. */
  readonly time: Timestamp
  /** Identity of the binlog file in which the archived log ended. */
  readonly fileId: string
  /** Byte behind the last archived one, in that file. */
  readonly offset: number
}

/** Stored bytes that are known not to be what a manifest says. */
export interface DamagedBytes {
  /** Their key. */
  readonly key: string
  /** Not there, or of another size. */
  readonly problem: 'missing' | 'size'
}

/** A manifest that is damaged: what it says is not known, only what its key tells. */
export type UnreadableManifest = {
  /** Its key. */
  readonly key: string
  /** Why it cannot be read. */
  readonly error: PitrError
} & (
  | { readonly kind: 'image' | 'coverage' }
  /** Where the segment begins. */
  | { readonly kind: 'segment'; readonly fileId: string; readonly fileNumber: number; readonly from: number }
)

/** All that planning needs to know about one timeline: read from the archive once, then plain values. */
export interface TimelineFacts {
  /** The timeline. */
  readonly timelineId: string
  /** Whose syntax its GTIDs have. */
  readonly flavor: Flavor
  /** The complete images, in any order. */
  readonly images: readonly ImageFacts[]
  /** The archived segments in log order. */
  readonly segments: readonly Segment[]
  /** Undefined until an archive pass finished. */
  readonly coveredUntil?: Coverage | undefined
  /** Stored bytes that are known not to be there: what needs them cannot be restored. */
  readonly damaged?: readonly DamagedBytes[] | undefined
  /** Manifests that cannot be read: what they are about is not among the facts, and no plan may pass over it in silence. */
  readonly unreadable?: readonly UnreadableManifest[] | undefined
}
