import { PitrError } from '../errors.ts'
import type { GtidSet } from './gtid-set.ts'
import * as intervals from './intervals.ts'
import type { Intervals } from './intervals.ts'
import { parseMysqlGtid, parseMysqlGtids } from './parse-mysql-gtids.ts'

/** Intervals of transaction numbers by source: a server's uuid, or `uuid:tag`. No source has none. */
type Sources = ReadonlyMap<string, Intervals>

/**
 * A set of MySQL's GTIDs: intervals of transaction numbers per server uuid and, since 8.3, tag
 * ([GTID sets](https://dev.mysql.com/doc/refman/en/replication-gtids-concepts.html#replication-gtids-concepts-gtid-sets)).
 *
 * Its normal form is the server's on one line: `uuid:1-3:5:tag:1-2,uuid2:1`, lower case, sorted, neighbours merged.
 * Parsing takes what the server takes in spaces, line ends, case and order, and refuses what the server would silently
 * drop: a zero, a reversed interval.
 *
 * @example
 * ```ts
 * const set = MysqlGtidSet.parse('3E11FA47-71CA-11E1-9E33-C80AA9429562:1-3:4')
 * set.toString() // '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-4'
 * set.count // 4n
 * ```
 */
export class MysqlGtidSet implements GtidSet {
  /** A server gives out a GTID once. */
  readonly isPosition = false
  /** The set without GTIDs. */
  static get empty(): MysqlGtidSet {
    // Not a field: tsc's output of one that makes its own class fails when the module is loaded.
    return new MysqlGtidSet(new Map())
  }
  /** Whose syntax and meaning. */
  readonly flavor = 'mysql'
  readonly #sources: Sources

  private constructor(sources: Sources) {
    this.#sources = sources
  }

  /** Reads a set as the server or a person writes it; an empty text is the empty set. Throws `InvalidGtid`. */
  static parse(text: string): MysqlGtidSet {
    return new MysqlGtidSet(parseMysqlGtids(text))
  }

  /** True when no GTID is in it. */
  get isEmpty(): boolean {
    return this.#sources.size === 0
  }

  /** How many GTIDs are in it. */
  get count(): bigint {
    return [...this.#sources.values()].reduce((sum, ranges) => sum + intervals.count(ranges), 0n)
  }

  /** Whether one GTID is in the set. Throws `InvalidGtid`. */
  includes(gtid: string): boolean {
    const { source, number } = parseMysqlGtid(gtid)
    return intervals.includes(this.#of(source), number)
  }

  /** Whether every GTID of `other` is in this set. Throws `InvalidGtid` when the flavors differ. */
  contains(other: GtidSet): boolean {
    return [...MysqlGtidSet.#sourcesOf(other)].every(
      ([source, ranges]) => intervals.subtract(ranges, this.#of(source)).length === 0,
    )
  }

  /** Whether both hold the same GTIDs. */
  equals(other: GtidSet): boolean {
    const sources = MysqlGtidSet.#sourcesOf(other)
    if (sources.size !== this.#sources.size) return false
    return [...sources].every(([source, ranges]) => intervals.equals(ranges, this.#of(source)))
  }

  /** The GTIDs of either. */
  union(other: GtidSet): MysqlGtidSet {
    const merged = new Map(this.#sources)
    for (const [source, ranges] of MysqlGtidSet.#sourcesOf(other)) {
      merged.set(source, intervals.union(this.#of(source), ranges))
    }
    return new MysqlGtidSet(merged)
  }

  /** The GTIDs of this set that are not in `other`. */
  subtract(other: GtidSet): MysqlGtidSet {
    const theirs = MysqlGtidSet.#sourcesOf(other)
    return this.#mapSources((source, ranges) => intervals.subtract(ranges, theirs.get(source) ?? []))
  }

  /** The GTIDs of both. */
  intersect(other: GtidSet): MysqlGtidSet {
    const theirs = MysqlGtidSet.#sourcesOf(other)
    return this.#mapSources((source, ranges) => intervals.intersect(ranges, theirs.get(source) ?? []))
  }

  /** This set with one GTID more. Throws `InvalidGtid`. */
  with(gtid: string): MysqlGtidSet {
    return this.withAll([gtid])
  }

  /** This set with many GTIDs more, in one pass. Throws `InvalidGtid`. */
  withAll(gtids: Iterable<string>): MysqlGtidSet {
    const numbers = new Map<string, bigint[]>()
    for (const gtid of gtids) {
      const { source, number } = parseMysqlGtid(gtid)
      const found = numbers.get(source)
      if (found === undefined) numbers.set(source, [number, number])
      else found.push(number, number)
    }
    return this.union(
      new MysqlGtidSet(new Map([...numbers].map(([source, found]) => [source, intervals.normalize(found)]))),
    )
  }

  /** The normal form: sorted, merged, lower case, on one line. */
  toString(): string {
    // Uuids are of one length, so in text order an untagged source comes right before its tagged ones, as the server has it.
    const sources = [...this.#sources].toSorted(([a], [b]) => (a < b ? -1 : 1))
    let text = ''
    let previous = ''
    for (const [source, ranges] of sources) {
      const [uuid = '', tag] = source.split(':')
      if (uuid !== previous) text += `${text === '' ? '' : ','}${uuid}`
      if (tag !== undefined) text += `:${tag}`
      text += intervals.format(ranges)
      previous = uuid
    }
    return text
  }

  /** The same text. */
  toJSON(): string {
    return this.toString()
  }

  #of(source: string): Intervals {
    return this.#sources.get(source) ?? []
  }

  #mapSources(change: (source: string, ranges: Intervals) => Intervals): MysqlGtidSet {
    const changed = [...this.#sources].map(([source, ranges]) => [source, change(source, ranges)] as const)
    return new MysqlGtidSet(new Map(changed.filter(([, ranges]) => ranges.length > 0)))
  }

  static #sourcesOf(set: GtidSet): Sources {
    if (set instanceof MysqlGtidSet) return set.#sources
    throw new PitrError('InvalidGtid', {
      subject: set.toString(),
      message: 'a GTID set of MariaDB cannot be compared or joined with one of MySQL',
      hint: 'The two come from different histories: check which server or archive each belongs to.',
    })
  }
}
