import type { Flavor } from './flavor.ts'

/**
 * A set of GTIDs, immutable. On MySQL intervals per server uuid and tag
 * ([GTID sets](https://dev.mysql.com/doc/refman/en/replication-gtids-concepts.html)); on MariaDB a position: the last
 * GTID of each replication domain, which stands for all before it
 * ([Global Transaction ID](https://mariadb.com/docs/server/ha-and-performance/standard-replication/gtid)).
 *
 * Two sets of different flavors never mix: every operation on such a pair throws `InvalidGtid`.
 */
export interface GtidSet {
  /** Whose syntax and meaning. */
  readonly flavor: Flavor
  /** True when no GTID is in it. */
  readonly isEmpty: boolean
  /** Whether it only says how far each domain came: then a server may have given out a GTID in it twice. */
  readonly isPosition: boolean
  /** Whether one GTID is in the set. Throws `InvalidGtid`. */
  includes(gtid: string): boolean
  /** Whether every GTID of `other` is in this set. Throws `InvalidGtid` when the flavors differ. */
  contains(other: GtidSet): boolean
  /** Whether both hold the same GTIDs. */
  equals(other: GtidSet): boolean
  /** The GTIDs of either. */
  union(other: GtidSet): GtidSet
  /** The GTIDs of this set that are not in `other`; on MariaDB the last GTID of each domain that is beyond `other`. */
  subtract(other: GtidSet): GtidSet
  /** This set with one GTID more. Throws `InvalidGtid`. */
  with(gtid: string): GtidSet
  /** This set with many GTIDs more, in one pass. Throws `InvalidGtid`. */
  withAll(gtids: Iterable<string>): GtidSet
  /** The normal form: sorted, merged, lower case, on one line. */
  toString(): string
  /** The same text. */
  toJSON(): string
}
