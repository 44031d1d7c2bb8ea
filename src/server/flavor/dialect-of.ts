import { isAtLeast } from '../server-version.ts'
import type { ServerVersion } from '../server-version.ts'
import type { FlavorDialect } from './flavor-dialect.ts'
import { mariadbDialect } from './mariadb-dialect.ts'
import { mysqlDialect } from './mysql-dialect.ts'

/** The dialect of the server with this version; undefined when it is too old or of an unknown family. */
export function dialectOf(version: ServerVersion): FlavorDialect | undefined {
  if (/mariadb/i.test(version.text)) return isAtLeast(version, 10, 6) ? mariadbDialect(version) : undefined
  return isAtLeast(version, 8) ? mysqlDialect(version) : undefined
}
