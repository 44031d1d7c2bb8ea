import { globalVariables } from '../../server/flavor/common.ts'
import type { Session } from '../../server/session.ts'
import type { HeldTarget } from './held-target.ts'
import type { MarkerState } from './marker-manifest.ts'
import { readMarker, updateMarkerState } from './marker.ts'
import { setGlobal } from './set-global.ts'

/**
 * What a target keeps while it is restored, should it crash in that time. `full`: every commit, as far as its own settings
 * say so. `relaxed`: some, as nobody will use them: the restore begins anew then. At the end everything is kept either way.
 */
export type Durability = 'full' | 'relaxed'

/**
 * Nothing waits for the disk. See
 * [sync_binlog](https://dev.mysql.com/doc/refman/en/replication-options-binary-log.html#sysvar_sync_binlog) and
 * [innodb_flush_log_at_trx_commit](https://dev.mysql.com/doc/refman/en/innodb-parameters.html#sysvar_innodb_flush_log_at_trx_commit).
 */
const RELAXED: Readonly<Record<string, string>> = { sync_binlog: '0', innodb_flush_log_at_trx_commit: '0' }
const NAMES = Object.keys(RELAXED)

/**
 * Relaxes a target that carries our marker, or undoes what an earlier try relaxed. Recorded before, while the target still
 * keeps what it commits: what it had, and that nobody can go on behind a crash any more.
 */
export async function setDurability({ session }: HeldTarget, durability: Durability): Promise<MarkerState> {
  const { state } = (await readMarker(session))!
  if (durability === 'full') {
    await setAll(session, state.durability ?? {})
    return state
  }
  const loaded = state.loaded === undefined ? undefined : { ...state.loaded, durable: false }
  const recorded = { ...state, loaded, durability: state.durability ?? (await globalVariables(session, NAMES)) }
  await updateMarkerState(session, recorded)
  await setAll(session, RELAXED)
  return recorded
}

/**
 * Brings to the disk what was committed relaxed, and sets that all commits behind it are kept, like that of the proof. In
 * this order: MariaDB flushes its engines only as far as a commit would, and the last file of the binary log is synced when
 * it is closed. Seen with strace on MySQL 9.7 and MariaDB 11.8; files that were closed before were synced then.
 */
export async function makeDurable({ session }: HeldTarget, { durability }: MarkerState): Promise<void> {
  if (durability === undefined) return
  await setAll(session, Object.fromEntries(NAMES.map((name) => [name, '1'])))
  await session.query('FLUSH LOCAL ENGINE LOGS')
  await session.query('FLUSH LOCAL BINARY LOGS')
}

/** Puts the settings of a proved target back. Can be done twice. */
export async function putBackDurability({ session }: HeldTarget, state: MarkerState): Promise<MarkerState> {
  const { durability, ...others } = state
  if (durability === undefined) return state
  await setAll(session, durability)
  await updateMarkerState(session, others)
  return others
}

/** Whether the server keeps every commit, in its tables and in its log alike, also when it is killed. */
export async function isDurable(session: Session): Promise<boolean> {
  const {
    innodb_flush_log_at_trx_commit: flush,
    log_bin: log,
    sync_binlog: sync,
  } = await globalVariables(session, [...NAMES, 'log_bin'])
  // 3 is MariaDB's, and flushes more often:
  // https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-system-variables#innodb_flush_log_at_trx_commit
  return (flush === '1' || flush === '3') && (log === 'OFF' || sync === '1')
}

async function setAll(session: Session, values: Readonly<Record<string, string>>): Promise<void> {
  // What was kept on the target is not trusted: only what we set is put back.
  for (const [name, value] of Object.entries(values)) if (NAMES.includes(name)) await setGlobal(session, name, value)
}
