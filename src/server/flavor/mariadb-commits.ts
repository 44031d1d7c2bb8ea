import { setTimeout as sleep } from 'node:timers/promises'

import { Timestamp } from '../../coordinates/timestamp.ts'
import { asText } from '../session.ts'
import type { Session } from '../session.ts'
import { readUtcClock } from './common.ts'
import type { CommitsUntil } from './flavor-dialect.ts'

/** Commits take milliseconds; one that waits longer than this (for a disk, a replica, a lock) is not waited for. */
const SETTLE_MS = 1_000
const POLL_MS = 10

/** Connections that run nothing which ends in the binary log with a time of its own. */
const IDLE = ['Sleep', 'Daemon', 'Binlog Dump', 'Slave_IO', 'Slave_SQL', 'Slave_worker']

/**
 * What statements do before they begin to commit, as the process list calls it: a statement seen like this takes its
 * commit time later, or is in the log already. Everything else may be a commit, which shows as `Commit`, `Writing to binlog`, `starting` and others.
 */
const BEFORE_COMMIT = [
  'altering table',
  'copy to tmp table',
  'Copying to tmp table',
  'Creating sort index',
  'Filling schema table',
  'Sending data',
  'Sorting result',
  'Statistics',
  'Update',
  'Updating',
  'User lock',
  'User sleep',
  'Waiting for INSERT',
  'Waiting for table metadata lock',
  // To a client that reads slowly: rows, before the commit; that it was done, behind it.
  'Writing to net',
]

/**
 * {@link FlavorDialect.commitsUntil} of MariaDB. It fixes the time of a transaction when the commit begins, before the
 * transaction gets its place in the log: it may wait there for others (`binlog_commit_wait_usec`), and SHOW BINLOG STATUS
 * does not wait for it. So commits that are under way when the clock was read are waited for; where one takes too long,
 * only the time before its statement began counts.
 */
export async function mariadbCommitsUntil(session: Session): Promise<CommitsUntil> {
  const time = await readUtcClock(session)
  let committing = await readCommitting(session)
  for (const deadline = performance.now() + SETTLE_MS; committing.length > 0 && performance.now() < deadline;) {
    await sleep(POLL_MS)
    const still = new Set((await readCommitting(session)).map(({ queryId }) => queryId))
    committing = committing.filter(({ queryId }) => still.has(queryId))
  }
  const before = Math.min(time.epochMicroseconds, ...committing.map(({ began }) => began - 1))
  return { time: new Timestamp(before, 'microsecond'), replicates: await mariadbReplicates(session) }
}

interface Committing {
  readonly queryId: string
  /** Microseconds since the epoch, by the server's clock; rather too early than too late. */
  readonly began: number
}

// Without the privilege PROCESS the list holds only the connections of the own account:
// https://mariadb.com/docs/server/reference/system-tables/information-schema/information-schema-tables/information-schema-processlist-table
async function readCommitting(session: Session): Promise<readonly Committing[]> {
  const rows = await session.query(
    `SELECT QUERY_ID, CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 - TIME_MS * 1000 AS SIGNED) AS began
       FROM information_schema.PROCESSLIST
      WHERE ID <> CONNECTION_ID() AND USER <> 'unauthenticated user'
        AND COMMAND NOT IN (${placeholders(IDLE)}) AND COALESCE(STATE, '') NOT IN (${placeholders(BEFORE_COMMIT)})`,
    [...IDLE, ...BEFORE_COMMIT],
  )
  return rows.map((row) => ({ queryId: asText(row['QUERY_ID']), began: Number(row['began']) }))
}

/**
 * {@link FlavorDialect.replicates} of MariaDB. Also while its threads are stopped: what they apply when they are started has the commit times of its source, however old.
 * A connection is listed until [RESET SLAVE ALL](https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/replication-statements/reset-replica).
 */
export async function mariadbReplicates(session: Session): Promise<boolean> {
  return (await session.query('SHOW ALL SLAVES STATUS')).length > 0
}

function placeholders(values: readonly string[]): string {
  return values.map(() => '?').join(', ')
}
