import type { Flavor } from '../../coordinates/flavor.ts'
import { mariadbReplay } from './mariadb-replay.ts'
import { mysqlReplay } from './mysql-replay.ts'
import type { ReplayDialect } from './replay-dialect.ts'

/** The replay dialect of a flavor. */
export function replayDialect(flavor: Flavor): ReplayDialect {
  return { mysql: mysqlReplay, mariadb: mariadbReplay }[flavor]
}
