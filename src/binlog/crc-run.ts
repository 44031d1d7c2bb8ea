import { crc32 } from 'node:zlib'

/**
 * The CRC32 of any bytes with their own CRC32 (little-endian) behind them: a constant, which is what makes
 * {@link CrcRun} possible. See [the residue of a CRC](https://en.wikipedia.org/wiki/Cyclic_redundancy_check).
 */
const RESIDUE = 0x2144_df1c
const POLYNOMIAL = 0xedb8_8320
/** Pieces this long or longer are better checked on their own: then the call costs little beside the bytes. */
export const MAX_RUN_PIECE_BYTES = 1024

/**
 * Tells what the CRC32 of a run of pieces must be, when each of them ends with its own CRC32. So a run is checked with
 * one call of `crc32`, which costs more to call than to run on the small events that most logs are made of.
 *
 * With a wrong piece in it the run's CRC32 is wrong, too: from then on the difference only shifts, and shifting loses
 * nothing. Several wrong pieces would have to cancel out each other, as likely as a collision of one CRC32.
 */
export class CrcRun {
  #expected = 0

  /** Begins an empty run. */
  begin(): void {
    this.#expected = 0
  }

  /** Adds a piece of `bytes` bytes, fewer than {@link MAX_RUN_PIECE_BYTES}. */
  add(bytes: number): void {
    const shift = SHIFTS[bytes] ?? makeShift(bytes)
    const crc = this.#expected
    // The CRC32 of A followed by B is that of A, shifted by the length of B, plus that of B (crc32_combine of zlib).
    this.#expected =
      shift[crc & 0xff]! ^
      shift[256 + ((crc >>> 8) & 0xff)]! ^
      shift[512 + ((crc >>> 16) & 0xff)]! ^
      shift[768 + (crc >>> 24)]! ^
      RESIDUE
  }

  /** Whether `bytes` are a run of valid pieces with the lengths that were added. */
  isValid(bytes: Uint8Array): boolean {
    return crc32(bytes) === this.#expected >>> 0
  }
}

/** For each length a table of what each value of each of the four bytes of a CRC32 becomes: 4 KiB each, made when needed. */
const SHIFTS: (Uint32Array | undefined)[] = Array.from({ length: MAX_RUN_PIECE_BYTES })

function makeShift(bytes: number): Uint32Array {
  const factor = powerOfX(bytes * 8)
  const table = new Uint32Array(4 * 256)
  for (let byte = 0; byte < 4; byte++) {
    // Linear: the value of several bits is the sum of theirs.
    for (let bit = 0; bit < 8; bit++) table[byte * 256 + (1 << bit)] = multiply(factor, (1 << (byte * 8 + bit)) >>> 0)
    for (let value = 1; value < 256; value++) {
      const lowest = value & -value
      table[byte * 256 + value] =
        table[byte * 256 + lowest]! ^ (value === lowest ? 0 : table[byte * 256 + (value ^ lowest)]!)
    }
  }
  SHIFTS[bytes] = table
  return table
}

/** x to the power of `exponent`, modulo the polynomial of CRC32. The highest bit is the coefficient of 1. */
function powerOfX(exponent: number): number {
  let result = 0x8000_0000
  let square = 0x4000_0000
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, square)
    square = multiply(square, square)
  }
  return result
}

/** The product of two polynomials modulo that of CRC32. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = 31; bit >= 0; bit--) {
    if (((a >>> bit) & 1) === 1) product ^= shifted
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1
  }
  return product >>> 0
}
