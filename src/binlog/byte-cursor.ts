import { corruptBinlog } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'

/** Reads the fields of one event's body in order; a read past its end throws `CorruptBinlog`. All integers are little-endian. */
export class ByteCursor {
  readonly #bytes: Buffer
  readonly #place: LogPlace
  #at: number
  readonly #end: number

  /** Reads `bytes` from `at`; `place` is the event's, for errors. */
  constructor(bytes: Buffer, place: LogPlace, at = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#place = place
    this.#at = at
    this.#end = end
  }

  /** Index of the next byte. */
  get at(): number {
    return this.#at
  }

  /** Bytes left. */
  get left(): number {
    return this.#end - this.#at
  }

  /** Passes over `count` bytes and returns the index of the first. */
  skip(count: number): number {
    const at = this.#at
    if (count > this.#end - at) {
      throw this.corrupt(`a field of ${count} bytes does not fit in the ${this.#end - at} that are left`)
    }
    this.#at = at + count
    return at
  }

  u8(): number {
    return this.#bytes[this.skip(1)]!
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.skip(2))
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.skip(4))
  }

  u48(): number {
    return this.#bytes.readUIntLE(this.skip(6), 6)
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.skip(8))
  }

  /** A length in MySQL's packed form: 1, 3, 4 or 9 bytes, see `net_field_length_ll` in the server's pack.cc. */
  packed(): number {
    const first = this.u8()
    if (first < 251) return first
    if (first === 252) return this.u16()
    if (first === 253) return this.#bytes.readUIntLE(this.skip(3), 3)
    if (first === 255 || first === 251) throw this.corrupt('a packed length begins with an invalid byte')
    const value = this.u64()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.corrupt(`a packed length of ${value} is too large`)
    return Number(value)
  }

  /** A view of the next `count` bytes. */
  view(count: number): Buffer {
    const at = this.skip(count)
    return this.#bytes.subarray(at, at + count)
  }

  /** The next `count` bytes as text; server identifiers are UTF-8. */
  text(count: number): string {
    const at = this.skip(count)
    return this.#bytes.toString('utf8', at, at + count)
  }

  /** A `CorruptBinlog` at this event. */
  corrupt(why: string): Error {
    return corruptBinlog(this.#place, why)
  }
}
