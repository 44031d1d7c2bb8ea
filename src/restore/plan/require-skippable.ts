import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { Skipped } from '../../image/restore-plan-parts.ts'
import type { Division } from './divide-by-scope.ts'
import type { LocatedSkip } from './find-skipped.ts'
import { comparePoints } from './log-view.ts'
import type { LogPoint, LogView } from './log-view.ts'

/** Throws `TransactionNotFound` for a transaction that a replay up to the stop never meets: to skip it changes nothing. */
export function requireMet(log: LogView, skipped: readonly LocatedSkip[], stop: LogPoint): void {
  const [first] = skipped
  const last = skipped.at(-1)
  if (first === undefined || last === undefined) return
  if (comparePoints(log.endOf(last.ref), stop) > 0) {
    throw notReplayed(last, `it lies behind the stop at ${formatBinlogPosition(stop.position)}`)
  }
  if (!log.images.some((image) => comparePoints(log.pointOfImage(image), log.startOf(first.ref)) <= 0)) {
    throw notReplayed(first, 'it lies before the first recovery image, whose backup holds what it did')
  }
}

/**
 * Throws `Unreplayable` for a transaction without which the rest cannot be judged or replayed, `TransactionNotFound` for
 * one that is not replayed because it touches nothing that is restored, `InvalidArgument` where a GTID is to
 * be counted as executed that there is not.
 */
export function requireSkippable(
  skipped: readonly LocatedSkip[],
  division: Division | undefined,
  gtids: Skipped['gtids'],
): void {
  for (const skip of skipped) {
    const { transaction } = skip
    if (gtids === 'executed' && transaction.gtid === undefined) throw hasNoGtid(skip)
    const isOutside = division?.outside.some((other) => other.transaction === transaction) === true
    if (isOutside) throw notReplayed(skip, 'it touches nothing that is restored')
    const reason = reasonAgainst(transaction)
    if (reason !== undefined) throw notSkippable(skip, reason)
  }
}

function reasonAgainst({ kind, obstacle, xa, isPartOfAlter, tablesKnown, changes }: Transaction): string | undefined {
  if (obstacle !== undefined) return `nobody knows what would be missing without it: ${obstacle}`
  if (kind === 'xa' || xa !== undefined)
    return 'it is a part of an XA transaction, and its other part would be left alone'
  if (isPartOfAlter === true)
    return 'it is one of the two parts of an ALTER TABLE, and the other one would be left alone'
  if (!tablesKnown) return 'it is not known what it touches, and so not what depends on it'
  if (kind === 'ddl' && changes.length === 0) return 'it is about a temporary table, which later statements may need'
  return undefined
}

function notSkippable({ ref: { gtid, start } }: LocatedSkip, reason: string): PitrError {
  const at = formatBinlogPosition(start)
  return new PitrError('Unreplayable', {
    subject: at,
    message: `the transaction ${gtid === undefined ? '' : `${gtid} `}at ${at} cannot be skipped: ${reason}`,
    hint: 'Choose a target before it; or restore with it, and undo on the restored server what it did.',
    details: { gtid, start, reason },
  })
}

function hasNoGtid({ ref: { start } }: LocatedSkip): PitrError {
  const at = formatBinlogPosition(start)
  return new PitrError('InvalidArgument', {
    subject: 'skippedGtids: executed',
    message: `the transaction to skip at ${at} has no GTID that could be counted as executed`,
    hint: 'Leave out `skippedGtids`: this history has no GTIDs.',
  })
}

function notReplayed({ ref: { gtid, start } }: LocatedSkip, why: string): PitrError {
  const at = formatBinlogPosition(start)
  const name = gtid ?? at
  return new PitrError('TransactionNotFound', {
    subject: name,
    message: `the transaction ${name} to skip, at ${at}, is not among those that are replayed: ${why}`,
    hint: 'Skip only what lies between an image and the target.',
    details: { gtid, start },
  })
}
