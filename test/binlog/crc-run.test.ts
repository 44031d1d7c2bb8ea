import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from 'node:zlib'
import { CrcRun, MAX_RUN_PIECE_BYTES } from '../../src/binlog/crc-run.ts'

const piece = fc.uint8Array({ minLength: 1, maxLength: MAX_RUN_PIECE_BYTES - 5 }).map((content) => {
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(content))
  return Buffer.concat([content, checksum])
})
const pieces = fc.array(piece, { minLength: 1, maxLength: 30 })

function isValidRun(pieces: readonly Buffer[]): boolean {
  const run = new CrcRun()
  run.begin()
  for (const { length } of pieces) run.add(length)
  return run.isValid(Buffer.concat(pieces))
}

test('pieces that end with their own CRC32 are a valid run', () => {
  fc.assert(
    fc.property(pieces, (pieces) => {
      expect(isValidRun(pieces)).toBe(true)
    }),
  )
})

test('a change of one byte anywhere makes a run invalid', () => {
  fc.assert(
    fc.property(pieces, fc.nat(), fc.integer({ min: 1, max: 255 }), (pieces, at, bits) => {
      const bytes = Buffer.concat(pieces)
      bytes[at % bytes.length]! ^= bits
      let start = 0
      const damaged = pieces.map(({ length }) => bytes.subarray(start, (start += length)))
      expect(isValidRun(damaged)).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('a run begins anew', () => {
  const run = new CrcRun()
  run.add(100)
  run.begin()
  expect(run.isValid(Buffer.alloc(0))).toBe(true)
})
