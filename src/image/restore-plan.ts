import { createHash } from 'node:crypto'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import type { Resolution } from '../coordinates/timestamp.ts'
import { canonicalJson } from './canonical-json.ts'
import { corruptPlan, parseRestorePlan } from './restore-plan-json.ts'
import type {
  LeftOut,
  LogPlace,
  PlannedImage,
  PlannedSegment,
  PlannedTransaction,
  RestorePlanParts,
} from './restore-plan-parts.ts'
import { restorePlanText } from './restore-plan-text.ts'
import type { RestoreTarget } from './restore-target.ts'
import type { LogCounts } from './segment.ts'

/** The version of the format {@link RestorePlan.toJSON} writes. */
export const PLAN_FORMAT_VERSION = 1

/**
 * The readable answer to "how would you get there": which image, which segments, from where exactly to where exactly,
 * and what will be missing. Immutable. It can be kept as JSON, approved by a person and restored elsewhere: the hashes of
 * everything it names are in it and checked again.
 *
 * @example
 * ```ts
 * const plan = await manager.plan({ kind: 'time', at: '2026-11-21T10:15:30Z' })
 * console.log(plan.toText())
 * await writeFile('plan.json', JSON.stringify(plan))
 * const same = RestorePlan.fromJSON(JSON.parse(await readFile('plan.json', 'utf8')))
 * ```
 */
export class RestorePlan implements RestorePlanParts {
  /** The version of the format of its JSON. */
  readonly formatVersion: typeof PLAN_FORMAT_VERSION = PLAN_FORMAT_VERSION
  /** The archive it was made from. */
  readonly archiveId: string
  /** The timeline it restores. */
  readonly timelineId: string
  /** What was asked, in normal form: a time is ISO 8601 in UTC, a GTID canonical. */
  readonly target: RestoreTarget
  /** The choice the caller made between several stops, when the clock stepped back. */
  readonly ambiguous?: 'first' | 'last' | undefined
  /** Where it starts. */
  readonly image: PlannedImage
  /** The segments to read, in log order: from byte 0 of the image's file to the stop; none when nothing is replayed. */
  readonly segments: readonly PlannedSegment[]
  /** The image's position: the first byte that may be replayed. */
  readonly start: LogPlace
  /** The byte behind the last one that is replayed: always between two transactions. */
  readonly stop: LogPlace
  /** Bytes of content: of the backup, and of the log from start to stop. */
  readonly bytes: { readonly backup: number; readonly binlog: number }
  /** What lies in the log from start to stop, including what is left out. */
  readonly counts: LogCounts
  /** What of it is not replayed. */
  readonly leftOut: LeftOut
  /** With GTIDs: the set executed before the stop, and those of the transactions that are replayed. */
  readonly gtids?: { readonly after: GtidSet; readonly replayed: GtidSet } | undefined
  /** How fine the commit times around the stop are. */
  readonly resolution: Resolution
  /** The last transaction before the stop; it may be in the backup already. Undefined when the archive holds none. */
  readonly lastIncluded?: PlannedTransaction | undefined
  /** The first transaction that will be missing; undefined when the archive holds none. */
  readonly firstExcluded?: PlannedTransaction | undefined
  /** What a person who approves the plan should know. */
  readonly warnings: readonly string[]

  /** Makes a plan of its parts. */
  constructor(parts: RestorePlanParts) {
    this.archiveId = parts.archiveId
    this.timelineId = parts.timelineId
    this.target = parts.target
    this.ambiguous = parts.ambiguous
    this.image = parts.image
    this.segments = parts.segments
    this.start = parts.start
    this.stop = parts.stop
    this.bytes = parts.bytes
    this.counts = parts.counts
    this.leftOut = parts.leftOut
    this.gtids = parts.gtids
    this.resolution = parts.resolution
    this.lastIncluded = parts.lastIncluded
    this.firstExcluded = parts.firstExcluded
    this.warnings = parts.warnings
  }

  /**
   * Reads what {@link RestorePlan.toJSON} wrote. Throws `UnknownFormat` when another version of the format was written,
   * `CorruptManifest` when anything else is off: a plan that was edited is another plan.
   */
  static fromJSON(json: unknown): RestorePlan {
    const { parts, hash } = parseRestorePlan(json, PLAN_FORMAT_VERSION)
    const plan = new RestorePlan(parts)
    if (plan.hash !== hash) throw corruptPlan('hash', 'its hash is not that of what it says')
    return plan
  }

  /** SHA-256 (hex) of the plan's canonical JSON. It marks the target that is restored by this plan. */
  get hash(): string {
    return createHash('sha256').update(canonicalJson(this.#content())).digest('hex')
  }

  /** What is replayed: all of {@link RestorePlan.counts} but what is left out. */
  get replayed(): LogCounts {
    return {
      transactions: this.counts.transactions - this.leftOut.transactions,
      rowEvents: this.counts.rowEvents - this.leftOut.rowEvents,
      rows: this.counts.rows - this.leftOut.rows,
    }
  }

  /** The plan as plain JSON, with its hash. */
  toJSON(): unknown {
    return { ...this.#content(), hash: this.hash }
  }

  /** The plan for a person: what, from where, to where, and what will be missing. Times are UTC. */
  toText(): string {
    return restorePlanText(this, this.hash)
  }

  #content(): Record<string, unknown> {
    // Sets and times write themselves as text; what is undefined is left out.
    return JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(this)))) as Record<string, unknown>
  }
}
