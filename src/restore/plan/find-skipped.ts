import type { Transaction } from '../../binlog/transaction.ts'
import { binlogFileNumber, formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { canonicalGtid, findByGtid, locateByGtid } from './find-transaction.ts'
import type { LogSpan } from './log-span.ts'
import { refOf } from './log-view.ts'
import type { Located, LogView } from './log-view.ts'
import type { TransactionName } from './plan-options.ts'
import { stopBefore } from './stop.ts'
import type { Stop } from './stop.ts'

/** A transaction that is skipped. */
export interface LocatedSkip extends Located {
  readonly transaction: Transaction
}

/**
 * The transactions with these names, in log order. Throws `TransactionNotFound` for a name that fits none,
 * `InvalidArgument` for one that is given twice, and what {@link locateTransaction} throws.
 */
export function findSkipped(log: LogView, names: readonly TransactionName[]): readonly LocatedSkip[] {
  const found = names
    .map((name) => findNamed(log, name))
    .toSorted((a, b) => a.index - b.index || a.transaction.start - b.transaction.start)
  const twice = found.find(({ ref }, i) => i > 0 && isSame(ref, found[i - 1]!.ref))
  if (twice === undefined) return found
  const name = twice.ref.gtid ?? formatBinlogPosition(twice.ref.start)
  throw new PitrError('InvalidArgument', {
    subject: name,
    message: `the transaction ${name} is to be skipped twice`,
    hint: 'Name each transaction once: what was meant by the second name is skipped by nobody.',
  })
}

/** The places of the spans that may hold a named transaction. Throws like {@link findSkipped}, as far as facts show it. */
export function locateNamed(log: LogView, name: TransactionName): readonly [number, ...number[]] {
  if (typeof name === 'string') return locateByGtid(log, name)
  const { file, offset } = name.start
  binlogFileNumber(file)
  const index = log.spans.findIndex(
    (span) => span.file === file && span.from <= offset && offset < span.to && isOfFile(span, name),
  )
  if (index < 0) throw notFound(name, 'these bytes are not archived')
  return [index]
}

function findNamed(log: LogView, name: TransactionName): LocatedSkip {
  if (typeof name === 'string') return findByGtid(log, name)
  const [index] = locateNamed(log, name)
  const span = log.spans[index] as LogSpan
  const transaction = log.transactions(index).find((each) => isNamed(log, each, name))
  if (transaction === undefined) throw notFound(name, 'no transaction begins there, or it is another one')
  return { index, ref: refOf(span, transaction), transaction }
}

function isNamed(log: LogView, { start, gtid }: Transaction, name: Exclude<TransactionName, string>): boolean {
  return start === name.start.offset && (name.gtid === undefined || gtid === canonicalGtid(log, name.gtid))
}

function isOfFile({ fileId }: LogSpan, name: Exclude<TransactionName, string>): boolean {
  return name.fileId === undefined || name.fileId === fileId
}

function isSame(a: LocatedSkip['ref'], b: LocatedSkip['ref']): boolean {
  return a.fileId === b.fileId && a.start.offset === b.start.offset
}

/** The last transaction before a stop that is not skipped. */
export function lastNotSkipped(log: LogView, { previous }: Stop, skipped: readonly LocatedSkip[]): Located | undefined {
  let last = previous
  while (last !== undefined && skipped.some(({ ref }) => isSame(ref, last!.ref))) last = stopBefore(log, last).previous
  return last
}

function notFound(name: Exclude<TransactionName, string>, why: string): PitrError {
  const text = name.gtid ?? formatBinlogPosition(name.start)
  const at = ` at ${formatBinlogPosition(name.start)}`
  return new PitrError('TransactionNotFound', {
    subject: text,
    message: `no archived transaction fits the name ${text}${at}: ${why}`,
    hint: 'Name a transaction as manager.transactions() shows it: by its GTID, or by where it begins.',
    details: { name },
  })
}
