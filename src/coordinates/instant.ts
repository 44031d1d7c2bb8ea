import { PitrError } from '../errors.ts'

/**
 * A moment, as a caller names it: an ISO 8601 text with an offset (`2026-11-21T10:15:30.123456Z`,
 * `2026-11-21T11:15:30+01:00`, up to nine decimals), a `Date`, or anything with `epochNanoseconds` (a
 * [Temporal.Instant](https://tc39.es/proposal-temporal/docs/instant.html), a `Timestamp` of this library).
 *
 * A text without an offset is refused: the same text would mean another moment on another machine.
 */
export type Instant = string | Date | { readonly epochNanoseconds: bigint }

const ISO =
  /^(?<date>\d{4}-\d\d-\d\d)T(?<time>\d\d:\d\d:\d\d)(?:[.,](?<fraction>\d{1,9}))?(?:Z|(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d))$/
const SECOND = 1_000_000_000n
const MILLISECOND = 1_000_000n
const EARLIEST = BigInt(Date.parse('0001-01-01T00:00:00Z')) * MILLISECOND
const LATEST = BigInt(Date.parse('9999-12-31T23:59:59Z')) * MILLISECOND + SECOND - 1n
/** No place on earth is further from UTC. */
const MAX_OFFSET_MINUTES = 14 * 60

/**
 * Nanoseconds since 1970-01-01T00:00:00Z, whatever time zone this process runs in. Throws `InvalidInstant`, with a hint
 * that names what is wrong.
 *
 * @example
 * ```ts
 * instantToNanoseconds('1970-01-01T01:00:00.000000001+01:00') // 1n
 * ```
 */
export function instantToNanoseconds(instant: Instant): bigint {
  const nanoseconds = read(instant)
  if (nanoseconds < EARLIEST || nanoseconds > LATEST) {
    throw invalid(String(nanoseconds), 'It lies outside the years 1 to 9999: check the unit, it is nanoseconds.')
  }
  return nanoseconds
}

/** Writes nanoseconds since the epoch as ISO 8601 in UTC, with no, six or nine decimals, whichever is enough. */
export function formatInstant(epochNanoseconds: bigint): string {
  const fraction = ((epochNanoseconds % SECOND) + SECOND) % SECOND
  const head = new Date(Number((epochNanoseconds - fraction) / MILLISECOND)).toISOString().slice(0, 19)
  if (fraction === 0n) return `${head}Z`
  return `${head}.${String(fraction).padStart(9, '0').replace(/000$/, '')}Z`
}

function read(instant: Instant): bigint {
  if (typeof instant === 'string') return parseInstant(instant)
  if (instant instanceof Date) return dateToNanoseconds(instant)
  // Scripts without types hand in whatever they have.
  const nanoseconds: unknown = (instant as Partial<typeof instant> | null | undefined)?.epochNanoseconds
  if (typeof nanoseconds === 'bigint') return nanoseconds
  throw invalid(typeof instant, 'Give an ISO 8601 text with an offset, a Date, or an object with epochNanoseconds.')
}

function dateToNanoseconds(date: Date): bigint {
  if (Number.isNaN(date.getTime())) throw invalid('Invalid Date', 'The Date holds no moment: check how it was made.')
  return BigInt(date.getTime()) * MILLISECOND
}

function parseInstant(text: string): bigint {
  const parts = ISO.exec(text)?.groups
  if (parts === undefined) throw invalid(text, whatIsMissing(text))
  const { date = '', time = '', fraction = '', sign, hours = '0', minutes = '0' } = parts
  const utc = `${date}T${time}Z`
  const milliseconds = Date.parse(utc)
  // Date.parse rolls 30 February and 24:00:00 over; a typing error must not become another day.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== utc.slice(0, 19)) {
    throw invalid(text, notInCalendar(time))
  }
  const offset = Number(hours) * 60 + Number(minutes)
  if (Number(minutes) > 59 || offset > MAX_OFFSET_MINUTES || (sign === '-' && offset === 0)) {
    throw invalid(text, 'The offset does not exist: write Z for UTC, or one between -14:00 and +14:00.')
  }
  const shift = BigInt(sign === '-' ? -offset : offset) * 60n * SECOND
  return BigInt(milliseconds) * MILLISECOND + BigInt(fraction.padEnd(9, '0')) - shift
}

function notInCalendar(time: string): string {
  if (time.endsWith(':60')) return 'Servers know no leap seconds: write the second before or after it.'
  return 'There is no such day or time of day in the calendar.'
}

function whatIsMissing(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `Add the time of day and the offset: ${text}T00:00:00Z.`
  if (/^\d{4}-\d\d-\d\d \d/.test(text)) {
    return 'Write a T between date and time, and an offset at the end: 2026-11-21T10:15:30Z.'
  }
  if (/T\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?$/.test(text)) return 'Write hours, minutes and seconds: 2026-11-21T10:15:00Z.'
  if (/T\d\d:\d\d:\d\d([.,]\d{1,9})?$/.test(text)) {
    return `The offset is missing: write ${text}Z for UTC, or ${text}+01:00.`
  }
  if (/[.,]\d{10,}/.test(text)) return 'At most nine decimals of a second can be given.'
  return 'Write it like 2026-11-21T10:15:30.123456Z or 2026-11-21T11:15:30+01:00.'
}

function invalid(text: string, hint: string): PitrError {
  return new PitrError('InvalidInstant', { subject: text, message: `"${text}" does not name one moment`, hint })
}
