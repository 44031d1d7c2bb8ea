import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Flavor } from './types.ts'

/** Throws a server's binlogs and GTIDs away, so that it looks as if nothing had ever been committed on it. */
export async function forgetHistory(connection: Connection, flavor: Flavor): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.log_bin AS log_bin, VERSION() AS version')
  if (Number(rows[0]?.['log_bin']) !== 1) return
  await connection.query(resetStatement(flavor, rows[0]?.['version']))
  if (flavor === 'mariadb') await connection.query("SET GLOBAL gtid_slave_pos = ''")
}

// The old words are gone since MySQL 8.4, the new ones came with 8.2.
function resetStatement(flavor: Flavor, version: string): string {
  return flavor === 'mariadb' || Number.parseFloat(version) < 8.2 ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS'
}
