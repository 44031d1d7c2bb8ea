import { MARKER_DATABASE } from '../../server/marker-database.ts'
import { dropScratchTables } from '../../server/row-comparison/scratch-tables.ts'
import { asText } from '../../server/session.ts'
import type { Session } from '../../server/session.ts'
import { parseMarkerState, serializeMarkerState, unreadableMarker } from './marker-manifest.ts'
import type { MarkerState } from './marker-manifest.ts'
import { MAKE_MARKER, MARKER, MARKER_TABLE } from './marker-table.ts'

/**
 * How far a restore came. `begun`: the target may hold a part of the plan, and is wiped when the restore runs again.
 * `loaded`: it holds the backup and a part of the log, by a replayer that another run can go on behind. `proved`: it holds
 * exactly the plan, and is isolated. `releasing`: that too, and its isolation may be lifted already.
 */
export type MarkerPhase = 'begun' | 'loaded' | 'proved' | 'releasing'

const PHASES: readonly MarkerPhase[] = ['begun', 'loaded', 'proved', 'releasing']

/** Whether a target of this phase holds exactly its plan. */
export function isProved(phase: MarkerPhase): boolean {
  return phase === 'proved' || phase === 'releasing'
}

/** What a target carries from the first write of a restore to its end. Binary logs do not hold it, but for the place in it that a replay notes. */
export interface Marker {
  /** Hash of the plan. */
  readonly planHash: string
  /** How far it came. */
  readonly phase: MarkerPhase
  /** By the target's clock, UTC. */
  readonly startedAt: string
  /** What the target was before. */
  readonly state: MarkerState
}

/** Reads the marker; undefined when there is none. Throws `CorruptManifest` when it is not ours. */
export async function readMarker(session: Session): Promise<Marker | undefined> {
  const tables = await session.column('SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?', [
    MARKER_DATABASE,
  ])
  if (!tables.includes(MARKER_TABLE)) return undefined
  const [row] = await session.query(
    `SELECT plan_hash, phase, CAST(started_at AS CHAR) AS started_at, state FROM ${MARKER}`,
  )
  if (row === undefined) return undefined
  return {
    planHash: asText(row['plan_hash']),
    phase: phaseOf(asText(row['phase'])),
    startedAt: asText(row['started_at']),
    state: parseMarkerState(asText(row['state'])),
  }
}

// A phase taken for another one could wipe what was proved.
function phaseOf(text: string): MarkerPhase {
  const phase = PHASES.find((known) => known === text)
  if (phase === undefined) throw unreadableMarker(undefined)
  return phase
}

/** Writes the first marker. Behind a kill in the middle it is as if nothing had been written. */
export async function writeMarker(session: Session, planHash: string, state: MarkerState): Promise<void> {
  await session.run(MAKE_MARKER)
  await session.query(
    `INSERT INTO ${MARKER} (id, plan_hash, phase, started_at, state, nonce) VALUES (1, ?, 'begun', UTC_TIMESTAMP(), ?, '')`,
    [planHash, serializeMarkerState(state)],
  )
}

/** Records what is known of the target's former state now. */
export async function updateMarkerState(session: Session, state: MarkerState): Promise<void> {
  await session.query(`UPDATE ${MARKER} SET state = ?, nonce = '' WHERE id = 1`, [serializeMarkerState(state)])
}

/** Records that nobody can go on with what the target holds: it is wiped when the restore runs again. */
export async function markBegun(session: Session): Promise<void> {
  await session.query(`UPDATE ${MARKER} SET phase = 'begun' WHERE id = 1`)
}

/** Records that the backup is loaded: from here on a replay tells how far it is, from its beginning. */
export async function markLoaded(session: Session, state: MarkerState): Promise<void> {
  await session.query(
    `UPDATE ${MARKER} SET phase = 'loaded', state = ?, place_file = '', place_end = 0, doubt = '' WHERE id = 1`,
    [serializeMarkerState(state)],
  )
}

/** Records that the proof is done, and the GTIDs it found: from here on the target is never wiped, and what that would take is forgotten. */
export async function markProved(session: Session, state: MarkerState, executedGtids: string): Promise<MarkerState> {
  const proved: MarkerState = { ...state, ownAccounts: [], provedGtids: executedGtids }
  await session.query(`UPDATE ${MARKER} SET phase = 'proved', state = ? WHERE id = 1`, [serializeMarkerState(proved)])
  return proved
}

/** Records, before it is done, that the isolation of a proved target is lifted. */
export async function markReleasing(session: Session): Promise<void> {
  await session.query(`UPDATE ${MARKER} SET phase = 'releasing' WHERE id = 1`)
}

/** SQL by which the replaying session leaves a nonce, behind everything it replayed. The nonce is hexadecimal. */
export function leaveNonce(nonce: string): string {
  return `UPDATE ${MARKER} SET nonce = '${nonce}' WHERE id = 1`
}

/** The nonce that was left; '' for none. */
export async function readNonce(session: Session): Promise<string> {
  return (await session.value(`SELECT nonce FROM ${MARKER} WHERE id = 1`)) ?? ''
}

/** Removes the marker: the target is the caller's. Nothing else that came to be in its schema is dropped with it. */
export async function dropMarker(session: Session): Promise<void> {
  await dropScratchTables(session)
  const others = await session.value(
    `SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> ?)
          + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?)
          + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?)`,
    [MARKER_DATABASE, MARKER_TABLE, MARKER_DATABASE, MARKER_DATABASE],
  )
  if (others !== '0') return void (await session.query(`DROP TABLE IF EXISTS ${MARKER}`))
  await session.query(`DROP DATABASE IF EXISTS \`${MARKER_DATABASE}\``)
}
