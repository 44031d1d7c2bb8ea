import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import { PitrError } from '../../errors.ts'
import { findLostEnd } from '../../image/lost-end.ts'
import { brokenChain } from '../../image/segment-chain.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import { refOf } from './log-view.ts'
import type { LogView } from './log-view.ts'
import { stopAfter, stopBefore } from './stop.ts'
import type { Stop } from './stop.ts'

/** A target that is a transaction. */
export type TransactionTarget = Extract<RestoreTarget, { kind: 'transaction' }>

/**
 * The stop before or after the transaction with a GTID. Throws `InvalidGtid`, `TransactionNotFound`, and `BrokenChain`
 * when the transaction lies in a missing range.
 */
export function findTransaction(log: LogView, { gtid: asked, side }: TransactionTarget): Stop {
  const gtid = canonicalGtid(log, asked)
  const index = locateTransaction(log, asked)
  const span = log.spans[index]
  const found = log.transactions(index).find((transaction) => transaction.gtid === gtid)
  if (span === undefined || found === undefined) throw notFound(gtid, 'another transaction has its number, or none')
  const located = { index, ref: refOf(span, found) }
  return side === 'before' ? stopBefore(log, located) : stopAfter(log, located)
}

/** The place of the span that holds a transaction, by the GTIDs executed before and after it. Throws like {@link findTransaction}. */
export function locateTransaction(log: LogView, asked: string): number {
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

function notFound(gtid: string, why: string): PitrError {
  return new PitrError('TransactionNotFound', {
    subject: gtid,
    message: `no archived transaction has the GTID ${gtid}: ${why}`,
    hint: 'List the transactions of the archive to find the one you mean, or archive again when it is newer.',
    details: { gtid },
  })
}
