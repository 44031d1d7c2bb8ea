import { PitrError } from '../../errors.ts'
import { LONGEST_WAIT } from '../../server/flavor/replay-session.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'

/** User lock of the target that a restore holds; the server gives it back when the session ends, however it does. */
const LOCK = 'mysql_pitr.restore'

/** A target that one restore works on. */
export interface HeldTarget extends AsyncDisposable {
  /** What is written through it is fenced: it ends with this hold. */
  readonly server: Server
  /** Holds the lock; writes nothing to the binary log. */
  readonly session: Session
}

/**
 * Takes a target for this restore alone; writes nothing. Throws `TargetBusy` when another one has it. See
 * [GET_LOCK](https://dev.mysql.com/doc/refman/en/locking-functions.html#function_get-lock).
 */
export async function holdTarget(server: Server): Promise<HeldTarget> {
  const session = await server.openSession()
  try {
    await session.run([...server.dialect.unloggedSession, LONGEST_WAIT])
    if ((await session.value('SELECT GET_LOCK(?, 0)', [LOCK])) !== '1')
      throw busy(await session.value('SELECT IS_USED_LOCK(?)', [LOCK]))
    return { server: fenced(server, session), session, [Symbol.asyncDispose]: () => session.close() }
  } catch (error) {
    await session.close()
    throw error
  }
}

/**
 * A client program outlives a process that is killed. One that had not connected yet, with statements in its pipe already,
 * would execute them in the middle of the next restore. So it asks first whether the lock is still held by whoever started
 * it: the subquery, which is evaluated only if not, is an error, and the client stops at the first one. One that asked
 * before has a session, which the next restore ends.
 */
function fenced(server: Server, { id }: Session): Server {
  const fence = `SET @mysql_pitr_fence = IF(IS_USED_LOCK('${LOCK}') <=> ${id}, 1, (SELECT 1 UNION ALL SELECT 2))`
  return { ...server, tools: { ...server.tools, fence } }
}

function busy(connection: string | undefined): PitrError {
  return new PitrError('TargetBusy', {
    subject: 'the target',
    message: `another restore works on the target${connection === undefined ? '' : ` (connection ${connection})`}`,
    hint: 'Wait for it. When its process is gone, the server notices that soon and a new restore can begin.',
    details: { connection },
  })
}
