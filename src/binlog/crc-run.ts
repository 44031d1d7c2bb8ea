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
      shift[crc & 0xf]! ^
      shift[16 + ((crc >>> 4) & 0xf)]! ^
      shift[32 + ((crc >>> 8) & 0xf)]! ^
      shift[48 + ((crc >>> 12) & 0xf)]! ^
      shift[64 + ((crc >>> 16) & 0xf)]! ^
      shift[80 + ((crc >>> 20) & 0xf)]! ^
      shift[96 + ((crc >>> 24) & 0xf)]! ^
      shift[112 + (crc >>> 28)]! ^
      RESIDUE
  }

  /** Whether `bytes` are a run of valid pieces with the lengths that were added. */
  isValid(bytes: Uint8Array): boolean {
    return crc32(bytes) === this.#expected >>> 0
  }
}

/**
 * For each length what each value of each of the eight half bytes of a CRC32 becomes, made when needed. Tables of whole
 * bytes would be half as many look-ups, but those of all lengths do not fit into a processor's cache.
 */
const SHIFTS: (Int32Array | undefined)[] = Array.from({ length: MAX_RUN_PIECE_BYTES })

function makeShift(bytes: number): Int32Array {
  const table = new Int32Array(8 * 16)
  // The highest bit is the coefficient of 1, each lower one that of the next power of x.
  let shifted = POWERS[bytes]!
  for (let bit = 31; bit >= 0; bit--) {
    const first = (bit >> 2) * 16
    const own = 1 << (bit & 3)
    // Linear: the value of several bits is the sum of theirs.
    for (let value = own; value < 16; value++) if ((value & own) !== 0) table[first + value]! ^= shifted
    shifted = timesX(shifted)
  }
  SHIFTS[bytes] = table
  return table
}

/** For each length the power of x that shifts by so many bytes, modulo the polynomial of CRC32. */
const POWERS: Int32Array = makePowers()

function makePowers(): Int32Array {
  const powers = new Int32Array(MAX_RUN_PIECE_BYTES)
  let power = 0x8000_0000 | 0
  for (let bytes = 0; bytes < MAX_RUN_PIECE_BYTES; bytes++) {
    powers[bytes] = power
    for (let bit = 0; bit < 8; bit++) power = timesX(power)
  }
  return powers
}

function timesX(polynomial: number): number {
  return (polynomial >>> 1) ^ ((polynomial & 1) === 1 ? POLYNOMIAL : 0)
}
