import type { Archive } from '../../archive/archive.ts'
import { withUniqueChecks } from '../../binlog/with-unique-checks.ts'
import type { OperationOptions } from '../../options.ts'
import type { ReplayChunk, ReplayFile } from '../replay/replayer.ts'
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
    fileId: planned.fileId,
    usesTemporaryTables: planned.usesTemporaryTables,
    largeStatements: planned.largeStatements,
    uncounted: new Set(planned.prepared.map(({ from }) => from)),
    head: planned.head,
    format: planned.format,
    transactions: () => readWanted(archive, planned, options),
  }))
}

async function* readWanted(
  archive: Archive,
  { format, segments, prepared, wanted }: PlannedFile,
  options: Pick<OperationOptions, 'signal'>,
): AsyncGenerator<ReplayChunk, void, undefined> {
  const all = [...prepared, ...wanted]
  const isSent = withinInOrder(all)
  const endsSent = withinInOrder(all)
  for await (const { events, transactions } of readLogFile(archive, segments, options)) {
    const chunk = {
      events: events.filter(({ offset }) => isSent(offset)).map((event) => withUniqueChecks(event, format)),
      transactions: transactions.filter(({ start }) => endsSent(start)),
    }
    if (chunk.events.length > 0) yield chunk
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
