import { instantToNanoseconds } from '../coordinates/instant.ts'
import type { Instant } from '../coordinates/instant.ts'
import { MICROSECONDS_PER_SECOND, Timestamp } from '../coordinates/timestamp.ts'
import type { Resolution } from '../coordinates/timestamp.ts'

/**
 * The border a time target draws: what committed at or before it is included.
 *
 * Commits recorded in microseconds are compared exactly. Commits recorded in whole seconds can only be told apart by
 * their second, so the target stands for its second, whatever fraction it has: inclusive, everything of that second is
 * in; exclusive, nothing of it is.
 */
export class TimeLimit {
  readonly #last: Readonly<Record<Resolution, number>>

  /** Throws `InvalidInstant`. */
  constructor({ at, exclusive = false }: { readonly at: Instant; readonly exclusive?: boolean | undefined }) {
    const nanoseconds = instantToNanoseconds(at)
    const second = Number(floorDivide(nanoseconds, 1_000_000_000n)) * MICROSECONDS_PER_SECOND
    this.#last = {
      microsecond: Number(exclusive ? floorDivide(nanoseconds - 1n, 1000n) : floorDivide(nanoseconds, 1000n)),
      second: exclusive ? second - 1 : second + MICROSECONDS_PER_SECOND - 1,
    }
  }

  /** Whether a commit is included. */
  includes(time: Timestamp): boolean {
    return time.epochMicroseconds <= this.#last[time.resolution]
  }

  /** The last microsecond that is included, where times are recorded in this resolution. */
  lastMicrosecond(resolution: Resolution): number {
    return this.#last[resolution]
  }
}

/** The latest time of a resolution that a target can name when everything up to `covered` is known. */
export function latestComplete(covered: Timestamp, resolution: Resolution): Timestamp {
  if (resolution === 'microsecond') return new Timestamp(covered.epochMicroseconds, 'microsecond')
  const seconds = Math.floor((covered.epochMicroseconds + 1) / MICROSECONDS_PER_SECOND) - 1
  return new Timestamp(seconds * MICROSECONDS_PER_SECOND, 'second')
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}
