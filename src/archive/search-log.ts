import { instantToNanoseconds } from '../coordinates/instant.ts'
import type { Timestamp } from '../coordinates/timestamp.ts'
import type { PitrError } from '../errors.ts'
import type { ChainBreak } from '../image/chain-break.ts'
import { nameFold } from '../image/database-names.ts'
import { orderImages } from '../image/image-sequence.ts'
import { findLostEnd } from '../image/lost-end.ts'
import { brokenChain, SegmentChain } from '../image/segment-chain.ts'
import type { TimelineFacts } from '../image/timeline-facts.ts'
import type { OperationOptions } from '../options.ts'
import type { Archive } from './archive.ts'
import { findTransactions } from './find-transactions.ts'
import type { FoundTransaction, TransactionFilter } from './find-transactions.ts'

/**
 * Yields the transactions of a timeline that fit `filter`, in log order. Where log is missing in which one might lie, by
 * the commit times around it, it throws `BrokenChain` behind what it found before: "not found" must not mean "not kept".
 */
export async function* searchLog(
  archive: Archive,
  facts: TimelineFacts,
  filter: TransactionFilter,
  options: OperationOptions = {},
): AsyncGenerator<FoundTransaction, void, undefined> {
  const chain = SegmentChain.of(facts.flavor, facts.segments)
  const lostEnd = findLostEnd(facts, chain, orderImages(facts, chain))
  // Of one timeline, which is one server: none changes how it takes names in its lifetime.
  const server = facts.images[0]?.backup.server
  const how = { ...options, fold: server === undefined ? undefined : nameFold(server) }
  let searched = 0
  for (const gap of lostEnd === undefined ? chain.breaks : [...chain.breaks, lostEnd]) {
    yield* findTransactions(archive, chain.segments.slice(searched, gap.index), filter, how)
    const around = commitsAround(chain, gap)
    if (mayLieIn(around, filter)) throw crossed(gap, around)
    searched = gap.index
  }
  yield* findTransactions(archive, chain.segments.slice(searched), filter, how)
}

/** The last commit known before a gap, and the first behind it; undefined when there is none. */
interface CommitsAround {
  readonly before: Timestamp | undefined
  readonly behind: Timestamp | undefined
}

function commitsAround({ segments }: SegmentChain, { index }: ChainBreak): CommitsAround {
  return {
    before: segments.slice(0, index).findLast(({ last }) => last !== undefined)?.last?.commitTime,
    behind: segments.slice(index).find(({ first }) => first !== undefined)?.first?.commitTime,
  }
}

function mayLieIn({ before, behind }: CommitsAround, { from, to }: TransactionFilter): boolean {
  const isBehind = from !== undefined && behind !== undefined && instantToNanoseconds(from) >= behind.epochNanoseconds
  const isBefore = to !== undefined && before !== undefined && instantToNanoseconds(to) < before.epochNanoseconds
  return !isBehind && !isBefore
}

function crossed(gap: ChainBreak, { before, behind }: CommitsAround): PitrError {
  const sides = [
    ...(before === undefined ? [] : [`up to before ${before.toString()}`]),
    ...(behind === undefined ? [] : [`from ${behind.toString()} on`]),
  ]
  const search = sides.length === 0 ? '' : `Search ${sides.join(', or ')}, and the missing range is left out. `
  return brokenChain(gap, `${search}When the bytes are still on the server, archive again.`)
}
