import { PitrError } from '../errors.ts'
import type { GtidSet } from './gtid-set.ts'

/** One GTID of MariaDB. */
interface MariadbGtid {
  readonly domain: number
  readonly server: number
  readonly sequence: bigint
}

const GTID = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/
const HINT = 'Write GTIDs as domain-server-sequence, separated by commas: 0-1-100,5-2-7.'
const MAX_UINT32 = 0xffff_ffff
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn

/**
 * A GTID position of MariaDB: the last GTID of each replication domain, which stands for every one before it in its
 * domain, whichever server wrote it
 * ([domain-server-sequence](https://mariadb.com/docs/server/ha-and-performance/standard-replication/gtid)).
 *
 * Its normal form is sorted by domain, without spaces: `0-1-100,5-2-7`. Of several GTIDs of one domain the highest
 * sequence counts, so a `Gtid_list` or `gtid_binlog_state` with one entry per server can be read too.
 *
 * @example
 * ```ts
 * MariadbGtidSet.parse('0-1-100').includes('0-2-99') // true
 * ```
 */
export class MariadbGtidSet implements GtidSet {
  /** `gtid_strict_mode=OFF` lets a session choose any number. */
  readonly isPosition = true
  /** The set without GTIDs. */
  static get empty(): MariadbGtidSet {
    // Not a field: tsc's output of one that makes its own class fails when the module is loaded.
    return new MariadbGtidSet(new Map())
  }
  /** Whose syntax and meaning. */
  readonly flavor = 'mariadb'
  readonly #lasts: ReadonlyMap<number, MariadbGtid>

  private constructor(lasts: ReadonlyMap<number, MariadbGtid>) {
    this.#lasts = lasts
  }

  /** Reads `0-1-100,5-2-7`; spaces and line ends between GTIDs do not count. Throws `InvalidGtid`. */
  static parse(text: string): MariadbGtidSet {
    if (text.trim() === '') return MariadbGtidSet.empty
    return MariadbGtidSet.empty.withAll(text.split(','))
  }

  /** True when no GTID is in it. */
  get isEmpty(): boolean {
    return this.#lasts.size === 0
  }

  /** Whether one GTID is in the set: it is at or before the last one of its domain. Throws `InvalidGtid`. */
  includes(gtid: string): boolean {
    return this.#covers(parseGtid(gtid))
  }

  /** Whether every GTID of `other` is in this set. Throws `InvalidGtid` when the flavors differ. */
  contains(other: GtidSet): boolean {
    return [...MariadbGtidSet.#lastsOf(other).values()].every((gtid) => this.#covers(gtid))
  }

  /** Whether both name the same last GTIDs. */
  equals(other: GtidSet): boolean {
    MariadbGtidSet.#lastsOf(other)
    return other.toString() === this.toString()
  }

  /** The GTIDs of either: the higher one of each domain. */
  union(other: GtidSet): MariadbGtidSet {
    return this.#withGtids(MariadbGtidSet.#lastsOf(other).values())
  }

  /** The last GTID of each domain that is beyond `other`. */
  subtract(other: GtidSet): MariadbGtidSet {
    const theirs = MariadbGtidSet.#lastsOf(other)
    const beyond = [...this.#lasts.values()].filter((gtid) => !isCovered(theirs, gtid))
    return MariadbGtidSet.empty.#withGtids(beyond)
  }

  /** This set with one GTID more. Throws `InvalidGtid`. */
  with(gtid: string): MariadbGtidSet {
    return this.#withGtids([parseGtid(gtid)])
  }

  /** This set with many GTIDs more, in one pass. Throws `InvalidGtid`. */
  withAll(gtids: Iterable<string>): MariadbGtidSet {
    return this.#withGtids(Array.from(gtids, parseGtid))
  }

  /** The normal form: sorted by domain, without spaces. */
  toString(): string {
    return [...this.#lasts.values()]
      .toSorted((a, b) => a.domain - b.domain)
      .map(({ domain, server, sequence }) => `${domain}-${server}-${sequence}`)
      .join(',')
  }

  /** The same text. */
  toJSON(): string {
    return this.toString()
  }

  #covers(gtid: MariadbGtid): boolean {
    return isCovered(this.#lasts, gtid)
  }

  #withGtids(gtids: Iterable<MariadbGtid>): MariadbGtidSet {
    const lasts = new Map(this.#lasts)
    for (const gtid of gtids) {
      const last = lasts.get(gtid.domain)
      if (last === undefined || comesAfter(gtid, last)) lasts.set(gtid.domain, gtid)
    }
    return new MariadbGtidSet(lasts)
  }

  static #lastsOf(set: GtidSet): ReadonlyMap<number, MariadbGtid> {
    if (set instanceof MariadbGtidSet) return set.#lasts
    throw invalid(set.toString(), 'A GTID set of MySQL cannot be compared or joined with one of MariaDB.')
  }
}

function isCovered(lasts: ReadonlyMap<number, MariadbGtid>, { domain, sequence }: MariadbGtid): boolean {
  const last = lasts.get(domain)
  return last !== undefined && sequence <= last.sequence
}

// Two servers can have given out one sequence number; which of them counts must not depend on the order of reading.
function comesAfter(a: MariadbGtid, b: MariadbGtid): boolean {
  return a.sequence > b.sequence || (a.sequence === b.sequence && a.server > b.server)
}

function parseGtid(text: string): MariadbGtid {
  const match = GTID.exec(text.trim())
  if (match === null) throw invalid(text, HINT)
  const gtid = { domain: Number(match[1]), server: Number(match[2]), sequence: BigInt(match[3] ?? '') }
  if (gtid.domain > MAX_UINT32 || gtid.server > MAX_UINT32) throw invalid(text, 'Domain and server are 32-bit numbers.')
  if (gtid.sequence === 0n || gtid.sequence > MAX_UINT64) {
    throw invalid(text, 'Sequence numbers begin at 1 and have 64 bits.')
  }
  return gtid
}

function invalid(text: string, hint: string): PitrError {
  return new PitrError('InvalidGtid', {
    subject: text,
    message: `"${text.slice(0, 200)}" is not a GTID of MariaDB or a list of them`,
    hint,
  })
}
