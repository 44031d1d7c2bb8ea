import type { Archive } from '../../src/archive/archive.ts'
import { EventReader } from '../../src/binlog/event-reader.ts'
import { readFileHead } from '../../src/binlog/file-head.ts'
import { SegmentFactsBuilder } from '../../src/binlog/segment-facts.ts'
import { TransactionReader } from '../../src/binlog/transaction-reader.ts'
import type { Transaction } from '../../src/binlog/transaction.ts'
import type { Segment } from '../../src/image/segment.ts'

/** A binlog file that lies in memory. */
export interface LogFile {
  readonly file: string
  readonly bytes: Buffer
}

/** An archived binlog file, and its transactions as they were read before it was archived. */
export interface ArchivedLog {
  readonly segments: readonly Segment[]
  readonly transactions: readonly Transaction[]
}

/** Archives a binlog file as the archiver does, but cut at the first boundary behind `segmentBytes`. */
export async function archiveLog(
  archive: Archive,
  timelineId: string,
  { file, bytes }: LogFile,
  segmentBytes: number = Number.POSITIVE_INFINITY,
): Promise<ArchivedLog> {
  const { fileId, format, previousGtids } = readFileHead(file, new EventReader({ file }).push(bytes))!
  const { flavor, serverVersion, checksum } = format
  const reader = new TransactionReader({ file })
  const transactions: Transaction[] = []
  const segments: Segment[] = []
  let from = 0
  let gtidsBefore = previousGtids
  let facts = new SegmentFactsBuilder({ file, fileId, flavor, gtidsBefore, from })
  const write = async (to: number): Promise<void> => {
    const taken = facts.take()!
    const segment = await archive.writeSegment({
      timelineId,
      fileId,
      file,
      from,
      bytes: chunksOf(bytes.subarray(from, to)),
      facts: () => ({ ...taken, format: { serverVersion, checksum }, gtidsBefore }),
      blocks: () => facts.takeBlocks(),
    })
    segments.push(segment)
    from = to
    gtidsBefore = taken.gtidsAfter
    facts = new SegmentFactsBuilder({ file, fileId, flavor, gtidsBefore, from })
  }
  for (const event of new EventReader({ file }).push(bytes)) {
    const transaction = reader.push(event)
    if (transaction !== undefined) transactions.push(transaction)
    facts.add(event, transaction, reader.atBoundary)
    if (reader.atBoundary && event.end - from >= segmentBytes) await write(event.end)
  }
  if ((facts.to ?? 0) > from) await write(facts.to!)
  return { segments, transactions }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const chunkBytes = 1024 * 1024
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}
