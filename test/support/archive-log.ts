import type { Archive, SegmentDraft } from '../../src/archive/archive.ts'
import { mapConcurrently } from '../../src/archive/map-concurrently.ts'
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

/** How {@link archiveLog} cuts. */
export interface ArchiveLogOptions {
  /** A segment ends at the first boundary behind this much. @default one segment */
  readonly segmentBytes?: number | undefined
  /** A block ends at the first boundary behind this much. @default as the archiver cuts */
  readonly blockBytes?: number | undefined
  /** The last segment of this file that is archived already. @default none */
  readonly after?: Segment | undefined
}

/** Enough to hide what a durable write costs. */
const WRITES_AT_A_TIME = 16

/** Archives a binlog file as the archiver does, but in segments of any size. */
export async function archiveLog(
  archive: Archive,
  timelineId: string,
  log: LogFile,
  options: ArchiveLogOptions = {},
): Promise<ArchivedLog> {
  const { drafts, transactions } = cutLog(timelineId, log, options)
  const write = async (draft: SegmentDraft) => await archive.writeSegment(draft)
  return { segments: await mapConcurrently(drafts, WRITES_AT_A_TIME, write), transactions }
}

function cutLog(
  timelineId: string,
  { file, bytes }: LogFile,
  { segmentBytes = Number.POSITIVE_INFINITY, blockBytes, after }: ArchiveLogOptions,
): { readonly drafts: readonly SegmentDraft[]; readonly transactions: readonly Transaction[] } {
  const { fileId, format, previousGtids } = readFileHead(file, new EventReader({ file }).push(bytes))!
  const { flavor, serverVersion, checksum } = format
  const reader = new TransactionReader({ file })
  const transactions: Transaction[] = []
  const drafts: SegmentDraft[] = []
  let from = after?.to ?? 0
  let gtidsBefore = after === undefined ? previousGtids : after.gtidsAfter
  let facts = new SegmentFactsBuilder({ file, fileId, flavor, gtidsBefore, from, blockBytes })
  const cut = (): void => {
    const taken = facts.take()!
    const blocks = facts.takeBlocks()
    const own = { ...taken, format: { serverVersion, checksum }, gtidsBefore }
    const content = chunksOf(bytes.subarray(from, taken.to))
    drafts.push({ timelineId, fileId, file, from, bytes: content, facts: () => own, blocks: () => blocks })
    from = taken.to
    gtidsBefore = taken.gtidsAfter
    facts = new SegmentFactsBuilder({ file, fileId, flavor, gtidsBefore, from, blockBytes })
  }
  for (const event of new EventReader({ file }).push(bytes)) {
    const transaction = reader.push(event)
    if (event.end <= (after?.to ?? 0)) continue
    if (transaction !== undefined) transactions.push(transaction)
    facts.add(event, transaction, reader.atBoundary)
    if (reader.atBoundary && event.end - from >= segmentBytes) cut()
  }
  if ((facts.to ?? 0) > from) cut()
  return { drafts, transactions }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const chunkBytes = 1024 * 1024
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}
