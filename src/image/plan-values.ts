import * as v from 'valibot'
import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import { Timestamp } from '../coordinates/timestamp.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { LogPlace } from './restore-plan-parts.ts'
import type { Blob } from './segment.ts'

// The values that the JSON of a plan is made of.

/** The fields of a reference to a transaction. */
export function ref(): {
  readonly [Name in keyof Required<TransactionRef>]: v.GenericSchema<unknown, TransactionRef[Name]>
} {
  return {
    fileId: text(),
    start: position(),
    end: position(),
    gtid: v.optional(text()),
    commitTime: timestamp(),
  }
}

/** A place in the log. */
export function place(): v.GenericSchema<unknown, LogPlace> {
  return v.strictObject({ fileId: text(), position: position() })
}

/** A binlog position. */
export function position(): v.GenericSchema<unknown, BinlogPosition> {
  return v.strictObject({ file: binlogFile(), offset: size() })
}

/** Name of a binlog file. */
export function binlogFile(): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(),
    v.check((file) => succeeds(() => binlogFileNumber(file)), 'not the name of a binlog file'),
  )
}

/** A stored blob. */
export function blob(): v.GenericSchema<unknown, Blob> {
  const digest = v.strictObject({ bytes: size(), sha256: sha256() })
  return v.strictObject({ key: text(), codec: v.literal('zstd'), content: digest, stored: digest })
}

/** A time, as text. */
export function timestamp(): v.GenericSchema<unknown, Timestamp> {
  return parsed(v.string(), (value) => Timestamp.parse(value), 'a UTC time')
}

/** A SHA-256 in hex. */
export function sha256(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
}

/** A count or a size. */
export function size(): v.GenericSchema<unknown, number> {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(0))
}

/** Text of bounded length. */
export function text(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.maxLength(4096))
}

/** What a parser of ours takes. */
export function parsed<Input, Output>(
  schema: v.GenericSchema<unknown, Input>,
  parse: (input: Input) => Output,
  what: string,
): v.GenericSchema<unknown, Output> {
  return v.pipe(
    schema,
    v.check((input) => succeeds(() => parse(input)), `not ${what}`),
    v.transform(parse),
  )
}

function succeeds(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}
