import type { TableMap } from './table-map.ts'

/** Returned instead of an index when a row image does not fit into its event. */
export const DOES_NOT_FIT = -1

/**
 * Steps over row images that hold the same columns of one table. Rows are stepped over, not decoded: a count needs only
 * the sizes, and this runs once for every row of the log.
 */
export class ImageStepper {
  readonly #nullBytes: number
  /** The bits of the null bitmap's last byte that stand for columns; servers set the others. */
  readonly #lastNullMask: number
  /** Size of each column's value; 0 when it has a length in front. */
  readonly #fixed: number[] = []
  /** Bytes of the length in front; 0 when the size is fixed. */
  readonly #prefix: number[] = []
  // The same for a row without NULLs: fixed-size columns side by side are one step.
  readonly #stepFixed: number[] = []
  readonly #stepPrefix: number[] = []
  readonly #stepTail = 0

  /** `isPresent` tells which columns of the table the images hold. */
  constructor({ columns }: TableMap, isPresent: (column: number) => boolean) {
    for (const [i, { fixedBytes, lengthBytes }] of columns.entries()) {
      if (!isPresent(i)) continue
      this.#fixed.push(fixedBytes ?? 0)
      this.#prefix.push(lengthBytes)
      if (lengthBytes === 0) {
        this.#stepTail += fixedBytes ?? 0
      } else {
        this.#stepFixed.push(this.#stepTail)
        this.#stepPrefix.push(lengthBytes)
        this.#stepTail = 0
      }
    }
    const count = this.#fixed.length
    this.#nullBytes = (count + 7) >> 3
    this.#lastNullMask = count % 8 === 0 ? 0xff : (1 << (count % 8)) - 1
  }

  /** Whether images hold no column at all: then nothing tells how many rows there are. */
  get isEmpty(): boolean {
    return this.#fixed.length === 0
  }

  /** Where the image that begins at `at` ends, or {@link DOES_NOT_FIT} before `end`. */
  step(bytes: Buffer, at: number, end: number): number {
    const values = at + this.#nullBytes
    if (values > end) return DOES_NOT_FIT
    return this.#hasNulls(bytes, at) ? this.#stepWithNulls(bytes, at, end) : this.#stepWithoutNulls(bytes, values, end)
  }

  #hasNulls(bytes: Buffer, at: number): boolean {
    const last = this.#nullBytes - 1
    for (let i = 0; i < last; i++) if (bytes[at + i] !== 0) return true
    return last >= 0 && (bytes[at + last]! & this.#lastNullMask) !== 0
  }

  #stepWithoutNulls(bytes: Buffer, from: number, end: number): number {
    let at = from
    for (let i = 0; i < this.#stepFixed.length; i++) {
      at += this.#stepFixed[i]!
      const prefix = this.#stepPrefix[i]!
      if (at + prefix > end) return DOES_NOT_FIT
      at += prefix + readLength(bytes, at, prefix)
    }
    at += this.#stepTail
    return at > end ? DOES_NOT_FIT : at
  }

  #stepWithNulls(bytes: Buffer, nulls: number, end: number): number {
    let at = nulls + this.#nullBytes
    for (let i = 0; i < this.#fixed.length; i++) {
      if ((bytes[nulls + (i >> 3)]! & (1 << (i & 7))) !== 0) continue
      const prefix = this.#prefix[i]!
      if (at + prefix > end) return DOES_NOT_FIT
      at += prefix === 0 ? this.#fixed[i]! : prefix + readLength(bytes, at, prefix)
    }
    return at > end ? DOES_NOT_FIT : at
  }
}

/** The length that 1 to 4 bytes in front of a value say. */
export function readLength(bytes: Buffer, at: number, prefix: number): number {
  switch (prefix) {
    case 1:
      return bytes[at]!
    case 2:
      return bytes[at]! | (bytes[at + 1]! << 8)
    case 3:
      return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    default:
      return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  }
}
