import { quoteString } from '../../server/quote.ts'
import { asText } from '../../server/session.ts'
import type { Session } from '../../server/session.ts'
import { unreadableMarker } from './marker-manifest.ts'
import { MARKER } from './marker-table.ts'

/**
 * Why the place of a replay alone does not tell where to go on. `text`: the text of a part of the log was being executed,
 * and who knows how much of it was. `session`: what the rest of the log may need, such as a temporary table, lived in a
 * session that is gone.
 */
export type ReplayDoubt = '' | 'text' | 'session'

/** How far a replay came, as it noted itself. */
export interface ReplayProgress {
  /** Everything up to there was executed; undefined when nothing was, or when the server counts GTIDs. */
  readonly place?: ReplayedTo | undefined
  readonly doubt: ReplayDoubt
}

/** The end of a transaction. */
export interface ReplayedTo {
  readonly fileId: string
  readonly end: number
}

const DOUBTS: readonly ReplayDoubt[] = ['', 'text', 'session']

/** Reads what the last replay noted. Throws `CorruptManifest`. */
export async function readProgress(session: Session): Promise<ReplayProgress> {
  const [row = {}] = await session.query(
    `SELECT place_file, CAST(place_end AS CHAR) AS place_end, doubt FROM ${MARKER}`,
  )
  const fileId = asText(row['place_file'])
  const doubt = DOUBTS.find((known) => known === row['doubt'])
  if (doubt === undefined) throw unreadableMarker(undefined)
  return { place: fileId === '' ? undefined : { fileId, end: Number(row['place_end']) }, doubt }
}

/** SQL that notes the place; in the transaction that brings the target there. */
export function leavePlace({ fileId, end }: ReplayedTo): string {
  return `UPDATE ${MARKER} SET place_file = ${quoteString(fileId)}, place_end = ${end} WHERE id = 1`
}

/** SQL that notes a doubt, before there is reason for it. */
export function leaveDoubt(doubt: ReplayDoubt): string {
  return `UPDATE ${MARKER} SET doubt = ${quoteString(doubt)} WHERE id = 1`
}

/** SQL that notes that text was executed up to there. */
export function leaveTextEnd({ fileId, end }: ReplayedTo, doubt: ReplayDoubt): string {
  return `UPDATE ${MARKER} SET place_file = ${quoteString(fileId)}, place_end = ${end}, doubt = ${quoteString(doubt)} WHERE id = 1`
}
