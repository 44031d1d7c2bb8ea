import type { Archive } from '../../archive/archive.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { RestoredTables } from '../../image/restored-tables.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import type { OperationOptions } from '../../options.ts'
import type { ReplayChunk, ReplayFile } from '../replay/replayer.ts'
import type { ByteInterval, PlannedFile } from './planned-file.ts'
import { readLogFile } from './read-log-file.ts'
import { ReplayedLog } from './replayed-log.ts'

/** A large transaction can be a gigabyte of small events: no more of them are objects at once. */
const MAX_UNPACKED_EVENTS = 10_000

/**
 * The planned files as a replayer takes them, without the rows that are not restored. Their bytes are read and checked again
 * while they stream.
 */
export function replayFiles(
  archive: Archive,
  { image: { backup }, only }: Pick<RestorePlan, 'image' | 'only'>,
  files: readonly PlannedFile[],
  options: Pick<OperationOptions, 'signal'>,
): readonly ReplayFile[] {
  const restored = new RestoredTables({ backup, only })
  return files.map((planned) => ({
    file: planned.file,
    fileId: planned.fileId,
    usesTemporaryTables: planned.usesTemporaryTables,
    largeStatements: planned.largeStatements,
    uncounted: new Set(planned.prepared.map(({ from }) => from)),
    head: planned.head,
    format: planned.format,
    transactions: () => readWanted(archive, planned, restored, options),
  }))
}

async function* readWanted(
  archive: Archive,
  { format, segments, prepared, wanted }: PlannedFile,
  restored: RestoredTables,
  options: Pick<OperationOptions, 'signal'>,
): AsyncGenerator<ReplayChunk, void, undefined> {
  const all = [...prepared, ...wanted]
  const isSent = withinInOrder(all)
  const endsSent = withinInOrder(all)
  const log = new ReplayedLog(format, restored)
  for await (const { events, transactions } of readLogFile(archive, segments, options)) {
    const logged = transactions.filter(({ start }) => endsSent(start))
    const ending = logged.map((transaction) => log.transaction(transaction))
    let sent: BinlogEvent[] = []
    let next = 0
    for (const event of events) {
      if (!isSent(event.offset)) continue
      const ends = logged[next]?.end === event.end ? logged[next++] : undefined
      const unpacked = log.unpacked(event, ends)
      if (unpacked === undefined) log.add(event, sent)
      for (const inner of unpacked ?? []) {
        sent.push(inner)
        if (sent.length < MAX_UNPACKED_EVENTS) continue
        yield chunkOf(sent, ending)
        sent = []
      }
      if (ends !== undefined) log.end(ends)
    }
    if (sent.length > 0) yield chunkOf(sent, ending)
    log.detach()
  }
}

/** A chunk of these events, and of those transactions that end in it: they are taken away. */
function chunkOf(events: readonly BinlogEvent[], ending: Transaction[]): ReplayChunk {
  const { end } = events.at(-1)!
  const open = ending.findIndex((transaction) => transaction.end > end)
  return { events, transactions: ending.splice(0, open < 0 ? ending.length : open) }
}

/** Tells for offsets that only grow whether they lie in one of the intervals. */
function withinInOrder(intervals: readonly ByteInterval[]): (offset: number) => boolean {
  let i = 0
  return (offset) => {
    while ((intervals[i]?.to ?? Number.POSITIVE_INFINITY) <= offset) i += 1
    return (intervals[i]?.from ?? Number.POSITIVE_INFINITY) <= offset
  }
}
