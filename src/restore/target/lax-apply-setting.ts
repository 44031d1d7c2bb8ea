import { globalVariables } from '../../server/flavor/common.ts'
import type { Session } from '../../server/session.ts'

/**
 * Settings that were made for replicas, and by which a server applies the row events of every session otherwise than they
 * were logged, each with the values that are harmless. Tried on MySQL 9.7 and MariaDB 11.8: a BINLOG statement that
 * deletes a row which is not there succeeds with `replica_skip_errors=1032`, and on MariaDB with
 * `slave_exec_mode=IDEMPOTENT`. See
 * [replica_skip_errors](https://dev.mysql.com/doc/refman/en/replication-options-replica.html#sysvar_replica_skip_errors) and
 * [slave_run_triggers_for_rbr](https://mariadb.com/docs/server/ha-and-performance/standard-replication/running-triggers-on-the-replica-for-row-based-events).
 */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  replica_skip_errors: /^(?:OFF)?$/,
  slave_skip_errors: /^(?:OFF)?$/,
  replica_exec_mode: /^STRICT$/,
  slave_exec_mode: /^STRICT$/,
  replica_type_conversions: /^(?:ALL_NON_LOSSY)?$/,
  slave_type_conversions: /^(?:ALL_NON_LOSSY)?$/,
  slave_run_triggers_for_rbr: /^NO$/,
}

/** The first setting of a target that would let a replay lose or add rows without an error; undefined when there is none. */
export async function laxApplySetting(session: Session): Promise<{ name: string; value: string } | undefined> {
  const variables = await globalVariables(session, Object.keys(HARMLESS))
  const found = Object.entries(variables).find(([name, value]) => !HARMLESS[name]!.test(value))
  return found === undefined ? undefined : { name: found[0], value: found[1] }
}
