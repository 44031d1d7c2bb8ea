import type { Transaction } from '../binlog/transaction.ts'
import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import type { LogBlock } from '../image/log-block.ts'
import type { Segment } from '../image/segment.ts'
import type { OperationOptions } from '../options.ts'
import type { Archive } from './archive.ts'
import { corruptManifest } from './manifests/envelope.ts'
import type { SegmentIndex } from './manifests/segment-index.ts'
import { parseTransactions } from './read-transactions.ts'

/**
 * Yields the transactions of neighbouring blocks of a segment in log order, without reading the rest of it; hashes and
 * event checksums are checked on the way. Throws `CorruptManifest` when the index counted others.
 */
export async function* readBlocks(
  archive: Archive,
  segment: Segment,
  index: SegmentIndex,
  blocks: readonly LogBlock[],
  options: Pick<OperationOptions, 'signal'> = {},
): AsyncGenerator<Transaction, void, undefined> {
  const { from = segment.from } = blocks[0] ?? {}
  const { to = segment.to } = blocks.at(-1) ?? {}
  const bytes = archive.readSegmentPart(segment, index, { start: from, end: to }, options)
  let found = 0
  for await (const transaction of parseTransactions(bytes, { ...segment, from })) {
    found++
    yield transaction
  }
  const counted = blocks.reduce((sum, { counts }) => sum + counts.transactions, 0)
  if (found === counted) return
  const place = formatBinlogPosition({ file: segment.file, offset: from })
  throw corruptManifest(
    segment.blob.key,
    `its index counts ${counted} transactions from ${place} on, there are ${found}`,
  )
}
