import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { corruptPlan, parseRestorePlan } from './restore-plan-json.ts'
import type { RestorePlanParts } from './restore-plan-parts.ts'
import { restorePlanText } from './restore-plan-text.ts'
import type { LogCounts } from './segment.ts'

/** The version of the format {@link RestorePlan.toJSON} writes. */
export const PLAN_FORMAT_VERSION = 1

/** What it says are its parts. */
// The constructor assigns every one of them.
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export interface RestorePlan extends RestorePlanParts {}

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
export class RestorePlan {
  /** The version of the format of its JSON. */
  readonly formatVersion: typeof PLAN_FORMAT_VERSION = PLAN_FORMAT_VERSION

  /** Makes a plan of its parts. */
  constructor(parts: RestorePlanParts) {
    Object.assign(this, parts)
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

  /** What is replayed: all of {@link RestorePlan.counts} but what is left out, for its databases or on purpose. */
  get replayed(): LogCounts {
    const skipped = this.skipped?.transactions ?? []
    return {
      transactions: this.counts.transactions - this.leftOut.transactions - skipped.length,
      rowEvents: skipped.reduce(
        (left, { rowEvents }) => left - rowEvents,
        this.counts.rowEvents - this.leftOut.rowEvents,
      ),
      rows: skipped.reduce((left, { rows }) => left - rows, this.counts.rows - this.leftOut.rows),
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
