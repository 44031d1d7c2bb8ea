import { throwIfAborted } from '../../options.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { replayDialect } from '../../server/flavor/replay-dialect-of.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { withOptionFile } from '../../server/option-file.ts'
import type { Server } from '../../server/server.ts'
import { openClientSession } from './client-session.ts'
import { printFile } from './print-file.ts'
import type { EventPlace } from './printed-lines.ts'
import { printInRuns } from './printed-runs.ts'
import type { ReplayPlace } from './replay-failed.ts'
import type { Replayer, ReplayJob, ReplayResult, SizeLimits } from './replayer.ts'
import { Sent } from './sent.ts'

const LIMITS: SizeLimits = {
  // The upper limit of max_allowed_packet, less what stands around the events:
  // https://dev.mysql.com/doc/refman/en/packet-too-large.html
  statementBytes: 2 ** 30 - 1024,
  hint: 'A target before this transaction can be restored, or one after a later image.',
}

/**
 * The reference replayer: [mysqlbinlog](https://dev.mysql.com/doc/refman/en/mysqlbinlog.html) or `mariadb-binlog` prints
 * the log as SQL, **one** client session executes all of it. More than one session would break what lives in one, such
 * as temporary tables: the manual warns of it under
 * [Point-in-Time Recovery](https://dev.mysql.com/doc/refman/en/point-in-time-recovery-binlog.html). Slow, and universal.
 */
export function mysqlbinlogReplayer(): Replayer {
  return { name: 'mysqlbinlog', resumes: false, verifies: false, limits: LIMITS, check, replay }
}

async function check(target: Server): Promise<void> {
  await clientProgram(target, 'binlog')
  await clientProgram(target, 'client')
}

async function replay(job: ReplayJob): Promise<ReplayResult> {
  const { target, signal } = job
  throwIfAborted(signal, 'the replay')
  const sent = new Sent(job)
  try {
    await withOptionFile(target, (connection) => pipe(job, connection, sent))
  } catch (error) {
    // A child that ended by the signal is a consequence.
    throwIfAborted(signal, 'the replay')
    throw error
  }
  sent.finish()
  return { sent: sent.counts, changed: sent.changed, last: sent.last }
}

async function pipe(job: ReplayJob, connectionArguments: readonly string[], sent: Sent): Promise<void> {
  const { target: server, files, signal } = job
  const program = await clientProgram(server, 'binlog')
  let current: string | undefined
  const place = (at?: EventPlace): ReplayPlace => {
    const failed = at === undefined ? undefined : sent.transactionOf(at)
    return { file: failed?.start.file ?? current, last: sent.last, failed: failed === undefined ? [] : [failed] }
  }

  await using client = await openClientSession({ server, connectionArguments, place, signal })
  for (const file of files) {
    current = file.file
    const options = {
      server,
      program,
      send: (sql: Uint8Array) => client.send(sql),
      onSent: (bytes: number, transactions: readonly Transaction[]) => sent.add(bytes, transactions, file),
      place,
      signal,
    }
    await printInRuns(file, replayDialect(server.flavor), (part) => printFile({ ...options, file: part }))
  }
  current = undefined
  await client.finish(job.sentinel)
}
