import type { Flavor } from '../coordinates/flavor.ts'
import type { Timestamp } from '../coordinates/timestamp.ts'

/** The server whose history a timeline holds. */
export interface TimelineSource {
  /** Its `server_id`. */
  readonly serverId: number
  /** Its `server_uuid`, where it has one. */
  readonly serverUuid?: string | undefined
  /** Its version when the timeline began: `9.7.4`. */
  readonly version: string
}

/** One unbroken history of one database. */
export interface Timeline {
  /** Unique within the archive. */
  readonly id: string
  /** Which family of servers. */
  readonly flavor: Flavor
  /** Whose history it is. */
  readonly source: TimelineSource
  /** By the clock of the machine that made it. */
  readonly createdAt: Timestamp
}
