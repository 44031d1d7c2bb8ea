import { MARKER_DATABASE } from '../../server/marker-database.ts'

/** The table in {@link MARKER_DATABASE} that is ours. */
export const MARKER_TABLE = 'restore_marker'
/** The table as SQL names it. */
export const MARKER: string = `\`${MARKER_DATABASE}\`.\`${MARKER_TABLE}\``

/** SQL that makes the table, unless it is there. */
export const MAKE_MARKER: readonly string[] = [
  `CREATE DATABASE IF NOT EXISTS \`${MARKER_DATABASE}\``,
  `CREATE TABLE IF NOT EXISTS ${MARKER} (
     id TINYINT NOT NULL PRIMARY KEY, plan_hash VARCHAR(64) NOT NULL, phase VARCHAR(16) NOT NULL,
     started_at DATETIME NOT NULL, state LONGTEXT NOT NULL, nonce VARCHAR(64) NOT NULL,
     place_file VARCHAR(255) NOT NULL DEFAULT '', place_end BIGINT NOT NULL DEFAULT 0,
     doubt VARCHAR(16) NOT NULL DEFAULT ''
   ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
]
