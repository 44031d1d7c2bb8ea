import { LogTally } from '../binlog/log-tally.ts'
import type { LogTotals } from '../binlog/log-tally.ts'
import type { Transaction } from '../binlog/transaction.ts'
import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import type { PitrError } from '../errors.ts'
import { canonicalJson } from '../image/canonical-json.ts'
import type { LogBlock } from '../image/log-block.ts'
import type { Segment } from '../image/segment.ts'
import type { OperationOptions } from '../options.ts'
import { FRAME_BYTES } from '../storage/frames.ts'
import type { Archive } from './archive.ts'
import { isCode } from './is-code.ts'
import { corruptManifest } from './manifests/envelope.ts'
import type { SegmentIndex } from './manifests/segment-index.ts'
import { parseTransactions } from './read-transactions.ts'

/** A block of a segment, and all its transactions. */
export interface ReadBlock {
  readonly block: LogBlock
  readonly transactions: readonly Transaction[]
}

/**
 * Yields the wanted blocks of a segment in log order, without reading the rest of it; hashes and event checksums are checked
 * on the way. Throws `CorruptManifest` when a block does not hold what the index says.
 */
export async function* readBlocks(
  archive: Archive,
  segment: Segment,
  index: SegmentIndex,
  isWanted: (block: LogBlock) => boolean,
  options: Pick<OperationOptions, 'signal'> = {},
): AsyncGenerator<ReadBlock, void, undefined> {
  for (const run of runsOf(index.blocks, isWanted)) {
    for await (const read of readRun(archive, segment, index, run, options)) {
      if (isWanted(read.block)) yield read
    }
  }
}

/** Blocks are read with those between them when these lie in the same piece of stored bytes: no piece is read again and again. */
function runsOf(blocks: readonly LogBlock[], isWanted: (block: LogBlock) => boolean): LogBlock[][] {
  const runs: { first: number; last: number }[] = []
  for (const [i, block] of blocks.entries()) {
    if (!isWanted(block)) continue
    const run = runs.at(-1)
    if (run !== undefined && block.from - (blocks[run.last]?.to ?? 0) < FRAME_BYTES) run.last = i
    else runs.push({ first: i, last: i })
  }
  return runs.map(({ first, last }) => blocks.slice(first, last + 1))
}

async function* readRun(
  archive: Archive,
  segment: Segment,
  index: SegmentIndex,
  blocks: readonly LogBlock[],
  options: Pick<OperationOptions, 'signal'>,
): AsyncGenerator<ReadBlock, void, undefined> {
  const [first, ...others] = blocks
  if (first === undefined) return
  const bytes = archive.readSegmentPart(
    segment,
    index,
    { start: first.from, end: blocks.at(-1)?.to ?? first.to },
    options,
  )
  let block: LogBlock = first
  let transactions: Transaction[] = []
  for await (const transaction of parseRun(bytes, segment, first)) {
    while (transaction.start >= block.to && others.length > 0) {
      yield checked(segment, { block, transactions })
      block = others.shift() as LogBlock
      transactions = []
    }
    transactions.push(transaction)
  }
  yield checked(segment, { block, transactions })
  for (const rest of others) yield checked(segment, { block: rest, transactions: [] })
}

/** The bytes are what was archived, and that was whole events: when these are not, the index led astray. */
async function* parseRun(
  bytes: AsyncIterable<Uint8Array>,
  segment: Segment,
  { from }: LogBlock,
): AsyncGenerator<Transaction, void, undefined> {
  try {
    yield* parseTransactions(bytes, { ...segment, from })
  } catch (error) {
    throw isCode(error, 'CorruptBinlog') || isCode(error, 'TruncatedBinlog') ? lyingIndex(segment, from, error) : error
  }
}

/** An index only tells where to look: what it says of a block that was looked at must be so. */
function checked(segment: Segment, read: ReadBlock): ReadBlock {
  const { block, transactions } = read
  const tally = new LogTally()
  for (const transaction of transactions) tally.add(transaction)
  const endsInside = (transactions.at(-1)?.end ?? block.to) <= block.to
  if (!endsInside || asText(tally.take(0, segment)) !== asText(block)) throw lyingIndex(segment, block.from)
  return read
}

function asText({ counts, first, last, minCommitTime, maxCommitTime }: Omit<LogTotals, 'touched'>): string {
  return canonicalJson(JSON.parse(JSON.stringify({ counts, first, last, minCommitTime, maxCommitTime })))
}

function lyingIndex({ blob, file }: Segment, from: number, cause?: unknown): PitrError {
  const place = formatBinlogPosition({ file, offset: from })
  return corruptManifest(blob.key, `the block from ${place} on does not hold what its index says`, cause)
}
