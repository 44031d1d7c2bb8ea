import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { formatInstant, instantToNanoseconds } from '../../src/coordinates/instant.ts'
import type { Instant } from '../../src/coordinates/instant.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'

const zone = process.env['TZ']
afterEach(() => {
  process.env['TZ'] = zone
})

test.each([
  ['1970-01-01T00:00:00Z', 0n],
  ['1970-01-01T01:00:00.000000001+01:00', 1n],
  ['1969-12-31T23:59:59.999999999Z', -1n],
  ['1970-01-01T00:00:00,5-05:30', 19_800_500_000_000n],
  ['2024-02-29T00:00:00Z', BigInt(Date.UTC(2024, 1, 29)) * 1_000_000n],
])('%s is %d ns', (text, nanoseconds) => {
  for (const TZ of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
    process.env['TZ'] = TZ
    expect(instantToNanoseconds(text)).toBe(nanoseconds)
  }
})

test('a Date, a Timestamp and a bigint are moments', () => {
  expect(instantToNanoseconds(new Date(5))).toBe(5_000_000n)
  expect(instantToNanoseconds(new Timestamp(7, 'microsecond'))).toBe(7000n)
  expect(instantToNanoseconds({ epochNanoseconds: 9n })).toBe(9n)
})

test.each<[unknown, RegExp]>([
  ['2026-11-21T10:15:30', /offset is missing/],
  ['2026-11-21T10:15:30.123', /offset is missing/],
  ['2026-11-21 10:15:30', /Write a T/],
  ['2026-11-21', /time of day/],
  ['2026-11-21T10:15Z', /seconds/],
  ['2026-02-30T10:15:30Z', /no such day/],
  ['2025-02-29T10:15:30Z', /no such day/],
  ['2026-11-21T24:00:00Z', /no such day/],
  ['2026-12-31T23:59:60Z', /leap/],
  ['2026-11-21T10:15:30.1234567890Z', /nine decimals/],
  ['2026-11-21T10:15:30+0100', /Write it like/],
  ['2026-11-21T10:15:30+15:00', /offset does not exist/],
  ['2026-11-21T10:15:30+01:60', /offset does not exist/],
  ['2026-11-21T10:15:30-00:00', /offset does not exist/],
  ['now', /Write it like/],
  [new Date(Number.NaN), /no moment/],
  [{ epochNanoseconds: 5 }, /epochNanoseconds/],
  [{ epochNanoseconds: 10n ** 30n }, /1 to 9999/],
  [undefined, /ISO 8601/],
  [1_700_000_000, /ISO 8601/],
])('%s is refused, and the hint says why', (instant, hint) => {
  expect(() => instantToNanoseconds(instant as Instant)).toThrow(
    expect.objectContaining({ code: 'InvalidInstant', hint: expect.stringMatching(hint) }),
  )
})

test('what is written can be read again', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n }), (nanoseconds) => {
      expect(instantToNanoseconds(formatInstant(nanoseconds))).toBe(nanoseconds)
    }),
  )
  expect(formatInstant(1_500_000_000n)).toBe('1970-01-01T00:00:01.500000Z')
  expect(formatInstant(-1n)).toBe('1969-12-31T23:59:59.999999999Z')
})
