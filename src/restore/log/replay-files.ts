import type { Archive } from '../../archive/archive.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { OperationOptions } from '../../options.ts'
import type { ReplayChunk, ReplayFile } from '../replay/replayer.ts'
import { CountSum } from '../count-sum.ts'
import type { ByteInterval, PlannedFile } from './planned-file.ts'
import { readLogFile } from './read-log-file.ts'

/** The planned files as a replayer takes them. Their bytes are read and checked again while they stream. */
export function replayFiles(
  archive: Archive,
  files: readonly PlannedFile[],
  options: Pick<OperationOptions, 'signal'>,
): readonly ReplayFile[] {
  return files.map((planned) => ({
    file: planned.file,
    head: planned.head,
    format: planned.format,
    transactions: () => readWanted(archive, planned, options),
  }))
}

async function* readWanted(
  archive: Archive,
  { file, segments, prepared, wanted }: PlannedFile,
  options: Pick<OperationOptions, 'signal'>,
): AsyncGenerator<ReplayChunk, void, undefined> {
  const fileId = segments[0]?.fileId ?? ''
  // What the image counts as executed already is no part of the counts.
  const isSent = withinInOrder([...prepared, ...wanted])
  const endsWanted = withinInOrder(wanted)
  for await (const { events, transactions } of readLogFile(archive, segments, options)) {
    const bytes = Buffer.concat(events.filter(({ offset }) => isSent(offset)).map((event: BinlogEvent) => event.bytes))
    const ended = transactions.filter(({ start }) => endsWanted(start))
    if (bytes.length === 0) continue
    const sum = new CountSum()
    for (const transaction of ended) sum.add(transaction)
    const last = ended.at(-1)
    yield { bytes, counts: sum.counts, last: last === undefined ? undefined : refOf(last, file, fileId) }
  }
}

/** Tells for offsets that only grow whether they lie in one of the intervals. */
function withinInOrder(intervals: readonly ByteInterval[]): (offset: number) => boolean {
  let i = 0
  return (offset) => {
    while ((intervals[i]?.to ?? Number.POSITIVE_INFINITY) <= offset) i += 1
    return (intervals[i]?.from ?? Number.POSITIVE_INFINITY) <= offset
  }
}

function refOf({ start, end, gtid, commitTime }: Transaction, file: string, fileId: string): TransactionRef {
  return { fileId, start: { file, offset: start }, end: { file, offset: end }, gtid, commitTime }
}
