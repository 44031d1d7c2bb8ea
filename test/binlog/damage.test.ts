import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { outcomeOf } from './fuzz/outcome.ts'
import { fixture, FIXTURES, read } from './support.ts'

/** What damage may be called. */
const PROBLEMS = ['CorruptBinlog', 'TruncatedBinlog', 'UnsupportedEvent', 'EncryptedBinlog']

describe.each(FIXTURES)('%s', (name) => {
  const bytes = fixture(name)
  const hasChecksums = !name.includes('no-checksum')
  const whole = read([bytes])

  test('gives the same events and transactions in chunks of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        expect(read(chunksOf(bytes, sizes))).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })

  test('with any byte changed is an error of ours, or (without checksums) reads on', () => {
    const byte = fc.nat(bytes.length - 1)
    const bits = fc.integer({ min: 1, max: 255 })
    const size = fc.integer({ min: 1, max: 5000 })
    fc.assert(
      fc.property(byte, bits, size, (byte, bits, size) => {
        const damaged = Buffer.from(bytes)
        damaged[byte]! ^= bits
        // The in-use flag is no damage.
        const isNoticed = hasChecksums && !(byte === 21 && bits === 1)
        expect(isNoticed ? PROBLEMS : [...PROBLEMS, 'read']).toContain(outcomeOf(damaged, size))
      }),
      { numRuns: 500 },
    )
  })

  test.runIf(hasChecksums)('with a byte changed names the event that holds it', () => {
    const startOf = (byte: number) => whole.events.findLast(({ offset }) => offset <= byte)?.offset ?? 0
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 2, max: 255 }), (byte, bits) => {
        const damaged = Buffer.from(bytes)
        damaged[byte]! ^= bits
        expect(() => read([damaged])).toThrow(
          expect.objectContaining({ details: { file: 'binlog.000001', offset: startOf(byte) } }),
        )
      }),
      { numRuns: 200 },
    )
  })

  test('cut anywhere is truncated, or ends at a boundary', () => {
    const boundaries = new Set(whole.boundaries)
    for (let end = 0; end < bytes.length; end += bytes.length > 3000 ? 7 : 1) {
      expect([end, outcomeOf(bytes.subarray(0, end), 64 * 1024)]).toEqual([
        end,
        boundaries.has(end) ? 'read' : 'TruncatedBinlog',
      ])
    }
  })

  test('cut at a boundary has the transactions before it', () => {
    for (const boundary of whole.boundaries) {
      expect(read([bytes.subarray(0, boundary)]).transactions).toEqual(
        whole.transactions.filter(({ end }) => end <= boundary),
      )
    }
  })
})

/** Repeats the sizes to the end. Each chunk is overwritten when the next is asked for, as a reused buffer would be. */
function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const chunk = Buffer.from(bytes.subarray(at, at + sizes[i % sizes.length]!))
    yield chunk
    at += chunk.length
    chunk.fill(0xee)
  }
}
