import type { LoggedTransaction } from './logged-transaction.ts'

/** A place in a binlog file. */
export interface LogPosition {
  readonly file: string
  readonly offset: number
}

/** A restore target in the oracle's own words. */
export type Wanted =
  | { readonly kind: 'latest' }
  /** `microseconds` since 1970. */
  | { readonly kind: 'time'; readonly microseconds: number; readonly exclusive: boolean }
  | { readonly kind: 'transaction'; readonly gtid: string; readonly side: 'before' | 'after' }
  | { readonly kind: 'position'; readonly at: LogPosition }

/** How many transactions of the log the target demands; `first` and `last` differ where commit times go back. */
export interface Expected {
  readonly first: number
  readonly last: number
}

/** How many transactions, from the first of the log on, a restore to `wanted` must contain. */
export function expectedPrefix(order: readonly LoggedTransaction[], wanted: Wanted): Expected {
  switch (wanted.kind) {
    case 'latest':
      return exactly(order.length)
    case 'time':
      return byTime(order, wanted)
    case 'transaction':
      return byGtid(order, wanted)
    case 'position':
      return exactly(order.filter((logged) => positionCompare(endOf(logged), wanted.at) <= 0).length)
  }
}

/** Which of two positions of one server comes first. */
export function positionCompare(a: LogPosition, b: LogPosition): number {
  return fileNumber(a.file) - fileNumber(b.file) || a.offset - b.offset
}

function byTime(order: readonly LoggedTransaction[], wanted: Wanted & { readonly kind: 'time' }): Expected {
  const included = ({ commitMicroseconds: at, gtid }: LoggedTransaction): boolean => {
    // MariaDB tells whole seconds: a moment stands for the end of its second, exclusive for its start.
    const moment = isMariadb(gtid) ? Math.floor(wanted.microseconds / 1e6) * 1e6 : wanted.microseconds
    return wanted.exclusive ? at < moment : at <= moment
  }
  const excluded = order.findIndex((logged) => !included(logged))
  const first = excluded === -1 ? order.length : excluded
  return { first, last: order.findLastIndex(included) + 1 }
}

function byGtid(order: readonly LoggedTransaction[], wanted: Wanted & { readonly kind: 'transaction' }): Expected {
  const index = order.findIndex(({ gtid }) => gtid === wanted.gtid)
  if (index === -1) throw new Error(`the log has no ${wanted.gtid}`)
  return exactly(wanted.side === 'before' ? index : index + 1)
}

function exactly(count: number): Expected {
  return { first: count, last: count }
}

function endOf({ file, end }: LoggedTransaction): LogPosition {
  return { file, offset: end }
}

function fileNumber(file: string): number {
  return Number(file.slice(file.lastIndexOf('.') + 1))
}

function isMariadb(gtid: string | undefined): boolean {
  return gtid !== undefined && !gtid.includes(':')
}
