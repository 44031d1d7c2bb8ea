import type { Flavor } from '../coordinates/flavor.ts'
import type { GtidSet } from '../coordinates/gtid-set.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'

/** Consecutive numbers of one source. */
interface Run {
  /** The source and the separator: all of a GTID but its number. */
  readonly prefix: string
  readonly first: string
  /** NaN when the only number is too large to be told from its neighbours. */
  last: number
}

/** Sources that a runaway log may have before its runs are merged into the set. */
const MAX_RUNS = 10_000
/** Numbers of so many digits are exact. */
const EXACT_DIGITS = 15
const ZERO = 0x30

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
  /** The run that was added to last. */
  #last: Run | undefined

  /** Begins with the set `before`, in the syntax of its flavor. Throws `InvalidGtid`. */
  constructor(flavor: Flavor, before = '') {
    this.#flavor = flavor
    this.#set = parseGtidSet(flavor, before)
  }

  /** Adds one GTID. */
  add(gtid: string): void {
    const run = this.#last
    if (run !== undefined && gtid.startsWith(run.prefix) && numberAt(gtid, run.prefix.length) === run.last + 1) {
      run.last++
      return
    }
    const numberStart = gtid.lastIndexOf(this.#flavor === 'mysql' ? ':' : '-') + 1
    this.#addRun(gtid.slice(0, numberStart), gtid.slice(numberStart), numberAt(gtid, numberStart))
  }

  /** Adds what another one of the same flavor holds. */
  addAll(other: GtidAccumulator): void {
    if (!other.#set.isEmpty) this.#set = this.#set.union(other.#set)
    for (const { prefix, first, last } of other.#runs) this.#addRun(prefix, first, last)
  }

  /** The set with everything added so far. */
  get set(): GtidSet {
    this.#merge()
    return this.#set
  }

  #addRun(prefix: string, first: string, last: number): void {
    const newest = this.#newest.get(prefix)
    if (newest !== undefined && newest.last + 1 === numberAt(first, 0)) {
      newest.last = last
      this.#last = newest
      return
    }
    if (this.#runs.length >= MAX_RUNS) this.#merge()
    this.#last = { prefix, first, last }
    this.#runs.push(this.#last)
    this.#newest.set(prefix, this.#last)
  }

  #merge(): void {
    if (this.#runs.length === 0) return
    this.#set = this.#set.union(parseGtidSet(this.#flavor, this.#runs.map((run) => this.#text(run)).join(',')))
    this.#runs.length = 0
    this.#newest.clear()
    this.#last = undefined
  }

  /** MySQL's sets have intervals; on MariaDB the last GTID of a source stands for all before it. */
  #text({ prefix, first, last }: Run): string {
    if (Number.isNaN(last)) return `${prefix}${first}`
    return this.#flavor === 'mysql' ? `${prefix}${first}-${last}` : `${prefix}${last}`
  }
}

/** The number that a text ends with from `at` on; NaN when it is none, or too large to be exact. */
function numberAt(text: string, at: number): number {
  if (text.length - at > EXACT_DIGITS) return Number.NaN
  let number = 0
  for (let i = at; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return number
}
