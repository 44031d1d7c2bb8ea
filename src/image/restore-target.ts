import * as v from 'valibot'
import { binlogFileNumber, formatBinlogPosition } from '../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import { formatInstant, instantToNanoseconds } from '../coordinates/instant.ts'
import type { Instant } from '../coordinates/instant.ts'
import { PitrError } from '../errors.ts'

/**
 * Which state of the database is wanted.
 *
 * - `latest`: the end of the archived log.
 * - `time`: everything up to the first transaction committed after `at`; `exclusive` leaves out what committed at `at`
 *   itself. Where the log records whole seconds, `at` stands for its second, whatever fraction it has: all of that
 *   second is in, or, when exclusive, nothing of it.
 * - `transaction`: right before or after one transaction.
 * - `position`: a place in the log between two transactions.
 *
 * @example
 * ```ts
 * const target: RestoreTarget = { kind: 'time', at: '2026-11-21T10:15:30.123456Z' }
 * ```
 */
export type RestoreTarget =
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly at: Instant; readonly exclusive?: boolean | undefined }
  | { readonly kind: 'transaction'; readonly gtid: string; readonly side: 'before' | 'after' }
  | { readonly kind: 'position'; readonly at: BinlogPosition }

/**
 * Reads a target from JSON, where a time is an ISO 8601 text with an offset. Throws `InvalidArgument` for another shape,
 * `InvalidInstant` or `InvalidPosition`.
 *
 * @example
 * ```ts
 * parseRestoreTarget(JSON.parse('{"kind":"time","at":"2026-11-21T10:15:30Z"}'))
 * ```
 */
export function parseRestoreTarget(json: unknown): RestoreTarget {
  const result = v.safeParse(schema(), json)
  if (result.success) return normalizeRestoreTarget(result.output)
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  throw new PitrError('InvalidArgument', {
    subject: path === null ? 'restore target' : `restore target: ${path}`,
    message: `this is not a restore target: ${issue.message}`,
    hint: 'Its kind is latest, time, transaction or position; for instance {"kind":"time","at":"2026-11-21T10:15:30Z"}.',
  })
}

/** The same target as plain JSON: a time as ISO 8601 in UTC. Throws `InvalidInstant` or `InvalidPosition`. */
export function normalizeRestoreTarget(target: RestoreTarget): RestoreTarget {
  switch (target.kind) {
    case 'latest':
      return { kind: 'latest' }
    case 'time': {
      const at = formatInstant(instantToNanoseconds(target.at))
      return target.exclusive === true ? { kind: 'time', at, exclusive: true } : { kind: 'time', at }
    }
    case 'transaction':
      return { kind: 'transaction', gtid: target.gtid, side: target.side }
    case 'position': {
      const { file, offset } = target.at
      binlogFileNumber(file)
      return { kind: 'position', at: { file, offset } }
    }
    default:
      // Only a caller without types comes here.
      return parseRestoreTarget(target satisfies never)
  }
}

/** A target in words: `just after transaction 0-1-100`. Throws `InvalidInstant`. */
export function describeRestoreTarget(target: RestoreTarget): string {
  switch (target.kind) {
    case 'latest':
      return 'the end of the archived log'
    case 'time': {
      const time = formatInstant(instantToNanoseconds(target.at))
      return target.exclusive === true ? `just before ${time}` : time
    }
    case 'transaction':
      return `just ${target.side} transaction ${target.gtid}`
    case 'position':
      return `position ${formatBinlogPosition(target.at)}`
  }
}

function schema(): v.GenericSchema<unknown, RestoreTarget> {
  return v.variant('kind', [
    v.strictObject({ kind: v.literal('latest') }),
    v.strictObject({ kind: v.literal('time'), at: v.string(), exclusive: v.optional(v.boolean()) }),
    v.strictObject({
      kind: v.literal('transaction'),
      gtid: v.pipe(v.string(), v.nonEmpty(), v.maxLength(200)),
      side: v.picklist(['before', 'after']),
    }),
    v.strictObject({
      kind: v.literal('position'),
      at: v.strictObject({ file: v.string(), offset: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
    }),
  ])
}
