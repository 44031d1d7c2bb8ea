import { MARKER_DATABASE } from '../../server/marker-database.ts'
import { asText } from '../../server/session.ts'
import type { Session } from '../../server/session.ts'
import { parseMarkerState, serializeMarkerState, unreadableMarker } from './marker-manifest.ts'
import type { MarkerState } from './marker-manifest.ts'

/** The table in {@link MARKER_DATABASE} that is ours. */
export const MARKER_TABLE = 'restore_marker'

const TABLE = `\`${MARKER_DATABASE}\`.\`${MARKER_TABLE}\``

/**
 * How far a restore came. `begun`: the target may hold a part of the plan, and is wiped when the restore runs again.
 * `proved`: it holds exactly the plan, and is isolated. `releasing`: that too, and its isolation may be lifted already.
 */
export type MarkerPhase = 'begun' | 'proved' | 'releasing'

const PHASES: readonly MarkerPhase[] = ['begun', 'proved', 'releasing']

/** What a target carries from the first write of a restore to its end. It is never written to a binary log. */
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
    `SELECT plan_hash, phase, CAST(started_at AS CHAR) AS started_at, state FROM ${TABLE}`,
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
  await session.run([
    `CREATE DATABASE IF NOT EXISTS \`${MARKER_DATABASE}\``,
    `CREATE TABLE IF NOT EXISTS ${TABLE} (
       id TINYINT NOT NULL PRIMARY KEY, plan_hash VARCHAR(64) NOT NULL, phase VARCHAR(16) NOT NULL,
       started_at DATETIME NOT NULL, state LONGTEXT NOT NULL, nonce VARCHAR(64) NOT NULL
     ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  ])
  await session.query(
    `INSERT INTO ${TABLE} (id, plan_hash, phase, started_at, state, nonce) VALUES (1, ?, 'begun', UTC_TIMESTAMP(), ?, '')`,
    [planHash, serializeMarkerState(state)],
  )
}

/** Records what is known of the target's former state now. */
export async function updateMarkerState(session: Session, state: MarkerState): Promise<void> {
  await session.query(`UPDATE ${TABLE} SET state = ?, nonce = '' WHERE id = 1`, [serializeMarkerState(state)])
}

/** Records that the proof is done, and the GTIDs it found: from here on the target is never wiped, and what that would take is forgotten. */
export async function markProved(session: Session, state: MarkerState, executedGtids: string): Promise<void> {
  const proved: MarkerState = { ...state, ownAccounts: [], provedGtids: executedGtids }
  await session.query(`UPDATE ${TABLE} SET phase = 'proved', state = ? WHERE id = 1`, [serializeMarkerState(proved)])
}

/** Records, before it is done, that the isolation of a proved target is lifted. */
export async function markReleasing(session: Session): Promise<void> {
  await session.query(`UPDATE ${TABLE} SET phase = 'releasing' WHERE id = 1`)
}

/** SQL by which the replaying session leaves a nonce, behind everything it replayed. The nonce is hexadecimal. */
export function leaveNonce(nonce: string): string {
  return `UPDATE ${TABLE} SET nonce = '${nonce}' WHERE id = 1`
}

/** The nonce that was left; '' for none. */
export async function readNonce(session: Session): Promise<string> {
  return (await session.value(`SELECT nonce FROM ${TABLE} WHERE id = 1`)) ?? ''
}

/** Removes the marker: the target is the caller's. Nothing else that came to be in its schema is dropped with it. */
export async function dropMarker(session: Session): Promise<void> {
  const others = await session.value(
    `SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> ?)
          + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?)
          + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?)`,
    [MARKER_DATABASE, MARKER_TABLE, MARKER_DATABASE, MARKER_DATABASE],
  )
  if (others !== '0') return void (await session.query(`DROP TABLE IF EXISTS ${TABLE}`))
  await session.query(`DROP DATABASE IF EXISTS \`${MARKER_DATABASE}\``)
}
