import type { Flavor } from './flavor.ts'
import type { GtidSet } from './gtid-set.ts'
import { MariadbGtidSet } from './mariadb-gtid-set.ts'
import { MysqlGtidSet } from './mysql-gtid-set.ts'

/**
 * Reads a GTID set in the syntax of its flavor; an empty text is the empty set. Throws `InvalidGtid`.
 *
 * @example
 * ```ts
 * parseGtidSet('mysql', '3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5').includes('3e11fa47-71ca-11e1-9e33-c80aa9429562:3') // true
 * parseGtidSet('mariadb', '0-1-100').includes('0-1-7') // true
 * ```
 */
export function parseGtidSet(flavor: Flavor, text: string): GtidSet {
  return flavor === 'mysql' ? MysqlGtidSet.parse(text) : MariadbGtidSet.parse(text)
}
