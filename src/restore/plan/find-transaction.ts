import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import { PitrError } from '../../errors.ts'
import { findLostEnd } from '../../image/lost-end.ts'
import { brokenChain } from '../../image/segment-chain.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import type { LogSpan } from './log-span.ts'
import { refOf } from './log-view.ts'
import type { Located, LogView } from './log-view.ts'
import { stopAfter, stopBefore } from './stop.ts'
import type { Stop } from './stop.ts'

/** A target that is a transaction. */
export type TransactionTarget = Extract<RestoreTarget, { kind: 'transaction' }>

/**
 * The stop before or after the transaction with a GTID. Throws `InvalidGtid`, `TransactionNotFound`, also when two have it,
 * and `BrokenChain` when the transaction lies in a missing range.
 */
export function findTransaction(log: LogView, { gtid: asked, side }: TransactionTarget): Stop {
  const found = findByGtid(log, asked)
  return side === 'before' ? stopBefore(log, found) : stopAfter(log, found)
}

/** The one transaction with a GTID. Throws like {@link findTransaction}. */
export function findByGtid(log: LogView, asked: string): Located & { readonly transaction: Transaction } {
  const gtid = canonicalGtid(log, asked)
  const found = locateByGtid(log, asked).flatMap((index) =>
    log
      .transactions(index)
      .filter((transaction) => transaction.gtid === gtid)
      .map((transaction) => ({ index, ref: refOf(log.spans[index] as LogSpan, transaction), transaction })),
  )
  const [first, second] = found
  if (first === undefined) throw notFound(gtid, 'another transaction has its number, or none')
  if (second !== undefined) throw givenTwice(gtid, found)
  return first
}

/**
 * The places of the spans that may hold a transaction with a GTID: the first one, and those behind it where numbers went
 * back, as far as their first and last GTIDs tell. Throws like {@link findTransaction}.
 */
export function locateByGtid(log: LogView, asked: string): readonly [number, ...number[]] {
  const first = locateTransaction(log, asked)
  const upTo = parseGtidSet(log.facts.flavor, '').with(asked)
  const again = log.spans.flatMap((span, index) => {
    if (index <= first) return []
    return [span.first?.gtid, span.last?.gtid].some((gtid) => gtid !== undefined && upTo.includes(gtid)) ? [index] : []
  })
  return [first, ...again]
}

/** Whether a GTID may be that of several transactions that lie close together, which takes a whole segment to tell. */
export function mayBeGivenTwice({ facts: { flavor } }: LogView): boolean {
  return parseGtidSet(flavor, '').isPosition
}

/** The place of the span that holds a transaction, by the GTIDs executed before and after it. Throws like {@link findTransaction}. */
function locateTransaction(log: LogView, asked: string): number {
  const gtid = canonicalGtid(log, asked)
  const index = firstWith(log, gtid)
  const span = log.spans[index]
  if (span === undefined) {
    const lost = findLostEnd(log.facts, log.chain, log.images)
    if (lost !== undefined) throw brokenChain(lost)
    throw notFound(gtid, 'it is not in the archived log: not archived yet, or never executed here')
  }
  if (log.parseGtids(span.gtidsBefore)?.includes(gtid) !== true) return index
  const gap = log.breaks.find((candidate) => candidate.index === index)
  if (gap !== undefined && index > 0) throw brokenChain(gap)
  const [first] = log.images
  const held = first?.gtidSet?.includes(gtid) === true ? `it is in the image ${first.id}, but ` : ''
  throw notFound(gtid, `${held}it was executed before the first archived byte of the log`)
}

// Executed sets only grow along the log, so the span can be found by halving.
function firstWith(log: LogView, gtid: string): number {
  let low = 0
  let high = log.spans.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (log.parseGtids(log.spans[middle]?.gtidsAfter)?.includes(gtid) === true) high = middle
    else low = middle + 1
  }
  return low
}

/** A GTID in normal form. Throws `InvalidGtid`. */
export function canonicalGtid(log: LogView, text: string): string {
  return parseGtidSet(log.facts.flavor, '').with(text).toString()
}

function givenTwice(gtid: string, found: readonly Located[]): PitrError {
  const places = found.map(({ ref }) => formatBinlogPosition(ref.start))
  return new PitrError('TransactionNotFound', {
    subject: gtid,
    message: `${found.length} transactions have the GTID ${gtid}, those at ${places.join(' and ')}: which one is meant cannot be told`,
    hint: 'Name the one you mean by its position. A server with gtid_strict_mode=OFF gives out a GTID twice.',
    details: { gtid, positions: found.map(({ ref }) => ref.start) },
  })
}

function notFound(gtid: string, why: string): PitrError {
  return new PitrError('TransactionNotFound', {
    subject: gtid,
    message: `no archived transaction has the GTID ${gtid}: ${why}`,
    hint: 'List the transactions of the archive to find the one you mean, or archive again when it is newer.',
    details: { gtid },
  })
}
