import { PitrError } from '../errors.ts'
import type { Flavor } from './flavor.ts'

/** How fine a {@link Timestamp} is: MySQL 8+ logs commits by the microsecond, MariaDB by the whole second. */
export type Resolution = 'microsecond' | 'second'

/** How fine a server of a flavor records commits, as far as nothing else is known of it. */
export const USUAL_RESOLUTION: Readonly<Record<Flavor, Resolution>> = { mysql: 'microsecond', mariadb: 'second' }

/** Microseconds in a second. */
export const MICROSECONDS_PER_SECOND = 1_000_000

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{6}))?Z$/

/**
 * A moment as a server recorded it: UTC, with the resolution it was recorded in. Its text is ISO 8601 with six decimals
 * (`2026-11-21T10:15:30.123456Z`), or none when only the second is known (`2026-11-21T10:15:30Z`).
 *
 * A timestamp is also an `Instant`: `manager.plan({ kind: 'time', at: window.earliest })` works.
 */
export class Timestamp {
  /** Microseconds since 1970-01-01T00:00:00Z; an integer, exact until the year 2255. */
  readonly epochMicroseconds: number
  /** How fine it is. */
  readonly resolution: Resolution

  /** Makes a timestamp from microseconds since the epoch. Throws `InvalidInstant` when they do not fit the resolution. */
  constructor(epochMicroseconds: number, resolution: Resolution) {
    const unit = resolution === 'second' ? MICROSECONDS_PER_SECOND : 1
    if (!Number.isSafeInteger(epochMicroseconds) || epochMicroseconds % unit !== 0) {
      throw new PitrError('InvalidInstant', {
        subject: String(epochMicroseconds),
        message: `${epochMicroseconds} microseconds are not a whole ${resolution} between the years 1684 and 2255`,
        hint: 'Check the unit: a timestamp is made from microseconds since 1970.',
      })
    }
    this.epochMicroseconds = epochMicroseconds
    this.resolution = resolution
  }

  /** Reads the text {@link Timestamp.toString} writes. Throws `InvalidInstant`. */
  static parse(text: string): Timestamp {
    const match = ISO.exec(text)
    const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}Z`)
    // Date.parse rolls 30 February over into March: only a day that comes back unchanged exists.
    if (
      match === null ||
      Number.isNaN(milliseconds) ||
      new Date(milliseconds).toISOString().slice(0, 19) !== match[1]
    ) {
      throw new PitrError('InvalidInstant', {
        subject: text,
        message: `"${text}" is not a UTC time with six decimals or none`,
        hint: 'Write it as 2026-11-21T10:15:30.123456Z or 2026-11-21T10:15:30Z.',
      })
    }
    const fraction = match[2]
    return new Timestamp(milliseconds * 1000 + Number(fraction ?? 0), fraction === undefined ? 'second' : 'microsecond')
  }

  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  get epochNanoseconds(): bigint {
    return BigInt(this.epochMicroseconds) * 1000n
  }

  /** Negative, zero or positive, like a sort function wants it. Resolution does not count. */
  compare(other: Timestamp): number {
    return this.epochMicroseconds - other.epochMicroseconds
  }

  /** ISO 8601 in UTC. */
  toString(): string {
    const seconds = Math.floor(this.epochMicroseconds / MICROSECONDS_PER_SECOND)
    const head = new Date(seconds * 1000).toISOString().slice(0, 19)
    if (this.resolution === 'second') return `${head}Z`
    return `${head}.${String(this.epochMicroseconds - seconds * MICROSECONDS_PER_SECOND).padStart(6, '0')}Z`
  }

  /** The same text, so that `JSON.stringify` writes it. */
  toJSON(): string {
    return this.toString()
  }

  /** As a `Date`, rounded down to the millisecond. */
  toDate(): Date {
    return new Date(Math.floor(this.epochMicroseconds / 1000))
  }
}

/**
 * The moment a transaction committed. MySQL 8+: `immediate_commit_timestamp` of its GTID event, in microseconds. MariaDB
 * (and MySQL 5.7): the whole second in the header of the event that ends it. See
 * [Replication event timestamps](https://dev.mysql.com/doc/refman/en/replication-delayed.html).
 */
export type CommitTime = Timestamp
