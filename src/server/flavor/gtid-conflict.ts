import type { GtidSet } from '../../coordinates/gtid-set.ts'
import { MariadbGtidSet } from '../../coordinates/mariadb-gtid-set.ts'
import { MysqlGtidSet } from '../../coordinates/mysql-gtid-set.ts'

/** MySQL skips a transaction whose GTID it has executed, without a word: nothing may be in both. */
export function mysqlGtidConflict(own: GtidSet, _image: GtidSet, history: GtidSet): string | undefined {
  const both = MysqlGtidSet.parse(own.toString()).intersect(history)
  return both.isEmpty ? undefined : both.toString()
}

/**
 * MariaDB skips nothing, but in strict mode it refuses a sequence number that is not beyond the last one of its domain:
 * in domains of the history the target may not be ahead of where the replay begins. See
 * [gtid_strict_mode](https://mariadb.com/docs/server/ha-and-performance/standard-replication/gtid#gtid_strict_mode).
 */
export function mariadbGtidConflict(own: GtidSet, image: GtidSet, history: GtidSet): string | undefined {
  const domains = new Set(gtidsOf(history).map(domainOf))
  const ahead = gtidsOf(own).filter((gtid) => domains.has(domainOf(gtid)) && !image.includes(gtid))
  return ahead.length === 0 ? undefined : ahead.join(',')
}

function gtidsOf(set: GtidSet): readonly string[] {
  const text = MariadbGtidSet.parse(set.toString()).toString()
  return text === '' ? [] : text.split(',')
}

function domainOf(gtid: string): string {
  return gtid.slice(0, gtid.indexOf('-'))
}
