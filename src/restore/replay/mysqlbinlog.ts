import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { LogCounts } from '../../image/segment.ts'
import { throwIfAborted } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { withOptionFile } from '../../server/option-file.ts'
import type { Server } from '../../server/server.ts'
import { CountSum } from '../count-sum.ts'
import { openClientSession } from './client-session.ts'
import { printFile } from './print-file.ts'
import type { ReplayPlace } from './replay-failed.ts'
import type { ReplayChunk, Replayer, ReplayJob, ReplayResult } from './replayer.ts'

/**
 * The reference replayer: [mysqlbinlog](https://dev.mysql.com/doc/refman/en/mysqlbinlog.html) or `mariadb-binlog` prints
 * the log as SQL, **one** client session executes all of it. More than one session would break what lives in one, such
 * as temporary tables: the manual warns of it under
 * [Point-in-Time Recovery](https://dev.mysql.com/doc/refman/en/point-in-time-recovery-binlog.html). Slow, and universal.
 */
export function mysqlbinlogReplayer(): Replayer {
  return { name: 'mysqlbinlog', check, replay }
}

async function check(target: Server): Promise<void> {
  await clientProgram(target, 'binlog')
  await clientProgram(target, 'client')
}

async function replay(job: ReplayJob): Promise<ReplayResult> {
  const { target, expected, signal } = job
  throwIfAborted(signal, 'the replay')
  const sent = new Sent()
  const meter = new ProgressMeter('restore:replay', job.files[0]?.file ?? 'nothing', job.onProgress, {
    totalBytes: expected.bytes,
    totalTransactions: expected.transactions,
  })
  try {
    await withOptionFile(target, (connection) => pipe(job, connection, sent, meter))
  } catch (error) {
    // A child that ended by the signal is a consequence.
    throwIfAborted(signal, 'the replay')
    throw error
  }
  meter.finish()
  return { sent: sent.counts, last: sent.last }
}

async function pipe(
  job: ReplayJob,
  connectionArguments: readonly string[],
  sent: Sent,
  meter: ProgressMeter,
): Promise<void> {
  const { target: server, files, signal } = job
  const program = await clientProgram(server, 'binlog')
  let current: string | undefined
  const place = (): ReplayPlace => ({ file: current, last: sent.last })

  await using client = await openClientSession({ server, connectionArguments, place, signal })
  for (const file of files) {
    current = file.file
    await printFile({
      server,
      program,
      file,
      send: (sql) => client.send(sql),
      onSent: (chunk) => {
        sent.add(chunk)
        meter.add(chunk.bytes.length, chunk.counts.transactions, file.file)
      },
      place,
      signal,
    })
  }
  current = undefined
  await client.finish(job.sentinel)
}

/** What was sent so far. */
class Sent {
  readonly #sum = new CountSum()
  #last: TransactionRef | undefined

  add({ counts, last }: ReplayChunk): void {
    this.#sum.addAll(counts)
    this.#last = last ?? this.#last
  }

  get counts(): LogCounts {
    return this.#sum.counts
  }

  get last(): TransactionRef | undefined {
    return this.#last
  }
}
