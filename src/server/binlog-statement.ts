/**
 * A [BINLOG](https://dev.mysql.com/doc/refman/en/binlog.html) statement that applies events as they are. Every row event
 * in it must come behind the Table_map of its table in the same statement: without, MySQL 9.7 crashes and MariaDB 11.8
 * drops rows in silence.
 */
export function binlogStatement(events: readonly Uint8Array[]): string {
  return `BINLOG '${Buffer.concat(events).toString('base64')}'`
}
