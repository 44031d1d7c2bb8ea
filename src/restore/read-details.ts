import type { Archive } from '../archive/archive.ts'
import { isCode } from '../archive/is-code.ts'
import type { SegmentIndex } from '../archive/manifests/segment-index.ts'
import { mapConcurrently } from '../archive/map-concurrently.ts'
import { readBlocks } from '../archive/read-blocks.ts'
import { readTransactions } from '../archive/read-transactions.ts'
import type { Transaction } from '../binlog/transaction.ts'
import type { PitrError } from '../errors.ts'
import type { Segment } from '../image/segment.ts'
import type { OperationOptions } from '../options.ts'
import { ProgressMeter } from '../progress.ts'
import { segmentOf } from './plan/log-span.ts'
import type { LogSpan } from './plan/log-span.ts'
import type { LogDetails, SpanDetails } from './plan/log-view.ts'

/** Enough to hide the latency of an object store. */
const INDEXES_AT_A_TIME = 8

/** The indexes of those segments that have one. One that is damaged is left out: its segment is, and that shows when it is read. */
export async function readIndexes(
  archive: Archive,
  segments: readonly Segment[],
  options: Pick<OperationOptions, 'signal'>,
): Promise<ReadonlyMap<Segment, SegmentIndex>> {
  const found = await mapConcurrently(segments, INDEXES_AT_A_TIME, async (segment) => {
    try {
      return [segment, await archive.readSegmentIndex(segment, options)] as const
    } catch (error) {
      if (isDamage(error)) return [segment, undefined] as const
      throw error
    }
  })
  return new Map(found.flatMap(([segment, index]) => (index === undefined ? [] : [[segment, index] as const])))
}

/** What becomes of the transactions of a span that was read: they are kept, or summed up. */
export type KeepDetails = (span: LogSpan, transactions: readonly Transaction[]) => SpanDetails

/** The transactions of spans. Damage is for the planner to judge: a neighbour of the stop is only looked at, to say what is left out. */
export async function readDetails(
  archive: Archive,
  spans: readonly LogSpan[],
  indexes: ReadonlyMap<Segment, SegmentIndex>,
  { onProgress, signal, keep }: Pick<OperationOptions, 'onProgress' | 'signal'> & { readonly keep: KeepDetails },
): Promise<LogDetails> {
  const totalBytes = spans.reduce((sum, { from, to }) => sum + to - from, 0)
  const meter = new ProgressMeter('plan:read', 'archived log', onProgress, { totalBytes })
  const details = new Map<LogSpan, SpanDetails>()
  for (const [segment, ofSegment] of Map.groupBy(spans, segmentOf)) {
    for (const [span, found] of await readSpans(archive, segment, indexes.get(segment), ofSegment, { signal, keep })) {
      details.set(span, found)
      meter.add(span.to - span.from, span.counts.transactions, span.file)
    }
  }
  meter.finish()
  return details
}

type Found = readonly [LogSpan, SpanDetails]

async function readSpans(
  archive: Archive,
  segment: Segment,
  index: SegmentIndex | undefined,
  spans: readonly LogSpan[],
  options: Pick<OperationOptions, 'signal'> & { readonly keep: KeepDetails },
): Promise<readonly Found[]> {
  const byBlock = new Map(spans.flatMap((span) => ('block' in span ? [[span.block, span] as const] : [])))
  try {
    if (index === undefined || byBlock.size === 0) {
      const transactions: Transaction[] = []
      for await (const transaction of readTransactions(archive, segment, options)) transactions.push(transaction)
      return [[segment, options.keep(segment, transactions)]]
    }
    const found: Found[] = []
    for await (const { block, transactions } of readBlocks(archive, segment, index, (b) => byBlock.has(b), options)) {
      const span = byBlock.get(block) ?? segment
      found.push([span, options.keep(span, transactions)])
    }
    return found
  } catch (error) {
    if (!isDamage(error)) throw error
    if (spans.length <= 1) return spans.map((span) => [span, error])
    // They were read together, and each is judged alone.
    const alone: Found[] = []
    for (const span of spans) alone.push(...(await readSpans(archive, segment, index, [span], options)))
    return alone
  }
}

function isDamage(error: unknown): error is PitrError {
  return isCode(error, 'ObjectMissing') || isCode(error, 'ChecksumMismatch')
}
