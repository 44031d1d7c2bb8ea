import { crc32 } from 'node:zlib'
import { readLength } from './image-stepper.ts'
import type { TableMap } from './table-map.ts'

/** Where a value begins that is NULL, and one of a column that the images do not hold. */
const NULL = -1
const ABSENT = -2

/** The hash of nothing. */
export const FNV_BASIS = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193
const LONG_VALUE_BYTES = 256

/** Where the values of a row image lie, one image after the other. The images hold the same columns of one table, and fit. */
export class ImageValues {
  readonly #table: TableMap
  readonly #columns: readonly number[]
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  #bytes: Buffer = Buffer.alloc(0)

  /** `presentAt`: where in `bytes` the bits of the columns lie that the images hold. */
  constructor(table: TableMap, bytes: Buffer, presentAt: number) {
    this.#table = table
    const all = [...table.columns.keys()]
    this.#columns = all.filter((i) => (bytes[presentAt + (i >> 3)]! & (1 << (i & 7))) !== 0)
    this.#starts = new Int32Array(all.length).fill(ABSENT)
    this.#ends = new Int32Array(all.length)
  }

  /** The columns that the images hold. */
  get columns(): readonly number[] {
    return this.#columns
  }

  /** Takes the image that begins at `at`, and returns where it ends. */
  read(bytes: Buffer, at: number): number {
    this.#bytes = bytes
    const columns = this.#columns
    let next = at + ((columns.length + 7) >> 3)
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!
      if ((bytes[at + (i >> 3)]! & (1 << (i & 7))) !== 0) {
        this.#starts[column] = NULL
        continue
      }
      const { fixedBytes = 0, lengthBytes } = this.#table.columns[column]!
      this.#starts[column] = next
      next += lengthBytes === 0 ? fixedBytes : lengthBytes + readLength(bytes, next, lengthBytes)
      this.#ends[column] = next
    }
    return next
  }

  /** Whether the images hold a column. */
  has(column: number): boolean {
    return this.#starts[column] !== ABSENT
  }

  /** A value as it lies in the image, as text that no other value of its column has; `-` for NULL. */
  text(column: number): string {
    const start = this.#starts[column]!
    return start === NULL ? '-' : `:${this.#bytes.toString('latin1', start, this.#ends[column])}`
  }

  /** A hash of a value, going on from another one (FNV-1a, of long values through their CRC32). */
  hash(column: number, hash: number): number {
    const start = this.#starts[column]!
    if (start === NULL) return Math.imul(hash ^ 0x100, FNV_PRIME)
    const end = this.#ends[column]!
    const bytes = this.#bytes
    // A call costs more than the loop over a short value.
    if (end - start >= LONG_VALUE_BYTES) return Math.imul(hash ^ crc32(bytes.subarray(start, end)), FNV_PRIME)
    let next = hash
    for (let i = start; i < end; i++) next = Math.imul(next ^ bytes[i]!, FNV_PRIME)
    return next
  }
}
