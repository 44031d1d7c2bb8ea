import { refTo } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { tableName } from '../../image/touched.ts'
import { throwIfAborted } from '../../options.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { replayDialect } from '../../server/flavor/replay-dialect-of.ts'
import type { Server } from '../../server/server.ts'
import type { Session } from '../../server/session.ts'
import { RowApplier } from './direct/apply-rows.ts'
import { JoinedGtids } from './direct/joined-gtids.ts'
import { PiecesAhead } from './direct/pieces-ahead.ts'
import { readPieces } from './direct/read-pieces.ts'
import { replayText } from './direct/replay-text.ts'
import { takeRowBatch } from './direct/row-batch.ts'
import type { RowBatch } from './direct/row-batch.ts'
import { RowVerifier } from './direct/row-verifier.ts'
import { goesOn, MAGIC_BYTES } from './printed-runs.ts'
import { refusedByServer } from './replay-failed.ts'
import type { Replayer, ReplayFile, ReplayJob, ReplayResult, SizeLimits } from './replayer.ts'
import { Sent } from './sent.ts'

const LIMITS: SizeLimits = {
  // A statement is a string here, and no string of V8 is longer than 2^29 - 24.
  statementBytes: 2 ** 29 - 1024,
  // An event is in memory, and its text too.
  rowEventBytes: 372 * 1024 * 1024,
  hint: 'The replayer mysqlbinlog takes larger ones: run the same restore with it. Or restore a target before this transaction.',
}

/** Behind a batch of more, the next one is not read ahead: both would be in memory. */
const MAX_BYTES_AHEAD = 8 * 1024 * 1024

/**
 * The fast replayer: sends the log's own row events, those of many transactions as one
 * [BINLOG](https://dev.mysql.com/doc/refman/en/binlog.html) statement in one transaction, over one plain connection. What
 * is not rows alone goes through the text that mysqlbinlog prints for it, in the same session.
 */
export function directReplayer(): Replayer {
  return { name: 'direct', resumes: true, verifies: true, limits: LIMITS, check, replay }
}

async function check(target: Server): Promise<void> {
  await clientProgram(target, 'binlog')
}

async function replay(job: ReplayJob): Promise<ReplayResult> {
  const { target, signal } = job
  throwIfAborted(signal, 'the replay')
  await using session = await target.openByteSession()
  const stop = (): void => void session.close()
  signal?.addEventListener('abort', stop)
  try {
    return await replayIn(session, job)
  } catch (error) {
    // A statement that failed because we hung up is a consequence.
    throwIfAborted(signal, 'the replay')
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

async function replayIn(session: Session, job: ReplayJob): Promise<ReplayResult> {
  const { target } = job
  const dialect = replayDialect(target.flavor)
  const sent = new Sent(job)
  // A process that was stopped for a while may have lost the target to another one.
  const { fence } = target.tools
  await session.run([...(fence === undefined ? [] : [fence]), ...dialect.beforeReplay])
  const gtids = new JoinedGtids(target, await target.dialect.executedGtids(session))
  await using verifier = job.verifyBefore === true ? await RowVerifier.open(target) : undefined
  for (const file of job.files) await replayFile(file, { session, job, sent, gtids, verifier })
  await session.run(target.dialect.sessionAfterReplay)
  if (dialect.fillsIn) await gtids.fillIn(session)
  await session.run(job.sentinel)
  sent.finish()
  return { sent: sent.counts, changed: sent.changed, last: sent.last, compared: verifier?.compared }
}

interface FileContext {
  readonly session: Session
  readonly job: ReplayJob
  readonly sent: Sent
  readonly gtids: JoinedGtids
  readonly verifier: RowVerifier | undefined
}

async function replayFile(file: ReplayFile, { session, job, sent, gtids, verifier }: FileContext): Promise<void> {
  const { target, notes, preserveTransactions, signal } = job
  const dialect = replayDialect(target.flavor)
  const place = () => ({ file: file.file, last: sent.last })
  await using pieces = new PiecesAhead(readPieces(file))
  const rows = new RowApplier(session, dialect)
  // The format description tells how the rows are written, and maybe that the server was started: that once only.
  const { sessionAfterReplay } = target.dialect
  const format = file.head.subarray(MAGIC_BYTES)
  const textFile = goesOn(file)
  const describeRows = async (description: Uint8Array): Promise<void> => {
    try {
      // MySQL takes it with automatic GTIDs only, and does not leave them so.
      await session.run(sessionAfterReplay)
      await session.applyEvents([description])
      await session.run([...sessionAfterReplay, ...dialect.beforeRows])
    } catch (error) {
      throw refusedByServer(`the format description of ${file.file}`, error, place())
    }
  }
  await describeRows(format)
  await verifier?.beginFile(file)

  const apply = async (batch: RowBatch): Promise<void> => {
    try {
      const end = batch.transactions.at(-1)?.end
      const statements =
        verifier?.statements(batch, file, sent.last) ?? (batch.statement === undefined ? [] : [batch.statement])
      await rows.apply(
        batch,
        statements,
        end === undefined ? undefined : notes?.placeSql?.({ fileId: file.fileId, end }),
      )
    } catch (error) {
      throw await refused(batch, error)
    }
    gtids.add(batch.transactions)
    sent.add(batch.bytes, batch.transactions, file)
    if (!dialect.fillsIn || !gtids.isDue) return
    await session.run(sessionAfterReplay)
    await gtids.fillIn(session)
  }
  const refused = async (batch: RowBatch, error: unknown): Promise<unknown> => {
    // When the connection is lost, or that takes more than there is, the batch is named.
    const found = isRefusal(error) ? await rows.findRefused(batch).catch(() => undefined) : undefined
    const transactions = found === undefined ? batch.transactions : [found.transaction]
    const failed = transactions.map((transaction) => refTo(transaction, file))
    return refusedByServer(describe(batch, file), found?.error ?? error, {
      ...place(),
      failed,
      tables: [...new Set(transactions.flatMap(({ changes }) => changes.map(tableName)))],
    })
  }
  const canJoin = preserveTransactions ? () => false : dialect.canJoin
  const takeBatch = () => takeRowBatch(pieces, file.format, canJoin, verifier !== undefined)
  for (let batch = await takeBatch(); ;) {
    if (batch === undefined) {
      if ((await pieces.peek()) === undefined) return
      const program = await clientProgram(target, 'binlog')
      // The program begins with a format description, which MySQL does not take behind the GTID of the rows before.
      await session.run(sessionAfterReplay)
      const { rows: rowsBefore } = sent.counts
      await replayText(pieces, {
        server: target,
        program,
        session,
        file: textFile,
        sent,
        gtids,
        notes,
        place,
        signal,
        takesRows: verifier === undefined,
      })
      verifier?.passOver(sent.counts.rows - rowsBefore)
      await describeRows(textFile.head.subarray(MAGIC_BYTES))
      rows.forgetSettings()
      batch = await takeBatch()
    } else if (batch.unpackedBytes > MAX_BYTES_AHEAD) {
      await apply(batch)
      // Gone before the next one comes.
      batch = undefined
      batch = await takeBatch()
    } else {
      // The next batch is read while the server works on this one.
      const [next] = await Promise.all([takeBatch(), apply(batch)])
      batch = next
    }
  }
}

function describe({ partOf, gtid }: RowBatch, { file }: ReplayFile): string {
  if (partOf === undefined) return 'rows'
  const at = formatBinlogPosition({ file, offset: partOf })
  return `rows of the large transaction ${gtid === undefined ? '' : `${gtid} `}at ${at}`
}

function isRefusal(error: unknown): boolean {
  return error instanceof PitrError && error.code === 'QueryFailed'
}
