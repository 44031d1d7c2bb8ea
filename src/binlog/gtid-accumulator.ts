import type { Flavor } from '../coordinates/flavor.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'

/** Consecutive numbers of one source. */
interface Run {
  readonly first: string
  last: string
  lastNumber: number
}

/** Sources that a runaway log may have before its runs are merged into the set. */
const MAX_RUNS = 10_000

/**
 * Adds up the GTIDs of a log. Nearly every one follows the last one of its source, so it keeps runs of numbers and makes
 * a set of them only when it is asked.
 */
export class GtidAccumulator {
  readonly #flavor: Flavor
  #set: GtidSet
  readonly #runs: Run[] = []
  /** The newest run of each source. */
  readonly #newest = new Map<string, Run>()

  /** Begins with the set `before`, in the syntax of its flavor. Throws `InvalidGtid`. */
  constructor(flavor: Flavor, before = '') {
    this.#flavor = flavor
    this.#set = parseGtidSet(flavor, before)
  }

  /** Adds one GTID. */
  add(gtid: string): void {
    const separator = gtid.lastIndexOf(this.#flavor === 'mysql' ? ':' : '-')
    const source = gtid.slice(0, separator)
    const last = gtid.slice(separator + 1)
    const lastNumber = Number(last)
    const run = this.#newest.get(source)
    // Beyond 2^53 numbers could be equal to their successors.
    if (run !== undefined && run.lastNumber + 1 === lastNumber && Number.isSafeInteger(lastNumber)) {
      run.last = last
      run.lastNumber = lastNumber
      return
    }
    if (this.#runs.length >= MAX_RUNS) this.#merge()
    const begun = { first: gtid, last, lastNumber }
    this.#runs.push(begun)
    this.#newest.set(source, begun)
  }

  /** The set with everything added so far. */
  get set(): GtidSet {
    this.#merge()
    return this.#set
  }

  #merge(): void {
    if (this.#runs.length === 0) return
    this.#set = this.#set.union(parseGtidSet(this.#flavor, this.#runs.map((run) => this.#text(run)).join(',')))
    this.#runs.length = 0
    this.#newest.clear()
  }

  /** MySQL's sets have intervals; on MariaDB the last GTID of a source stands for all before it. */
  #text({ first, last }: Run): string {
    if (this.#flavor === 'mysql') return first.endsWith(`:${last}`) ? first : `${first}-${last}`
    return `${first.slice(0, first.lastIndexOf('-'))}-${last}`
  }
}
