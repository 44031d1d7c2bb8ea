import { PitrError } from '../errors.ts'
import type { Session } from './session.ts'

/** ER_NO_SUCH_THREAD. */
const NO_SUCH_THREAD = 1094

/** Ends a connection of the server; one that is gone already is fine. */
export async function killConnection(session: Session, id: string): Promise<void> {
  try {
    await session.query(`KILL CONNECTION ${Number(id)}`)
  } catch (error) {
    if (!(error instanceof PitrError) || error.details['errno'] !== NO_SUCH_THREAD) throw error
  }
}
