import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timestamp } from '../../src/coordinates/timestamp.ts'

test('its text says its resolution, and can be read again', () => {
  const whole = Timestamp.parse('2026-11-21T10:15:30Z')
  const fine = Timestamp.parse('2026-11-21T10:15:30.000000Z')
  expect([whole.resolution, fine.resolution]).toEqual(['second', 'microsecond'])
  expect(whole.compare(fine)).toBe(0)
  expect(JSON.stringify([whole, fine])).toBe('["2026-11-21T10:15:30Z","2026-11-21T10:15:30.000000Z"]')
  fc.assert(
    fc.property(fc.integer({ min: -9e15, max: 9e15 }), (microseconds) => {
      const time = new Timestamp(microseconds, 'microsecond')
      expect(Timestamp.parse(time.toString())).toEqual(time)
      expect(time.toDate().getTime()).toBe(Math.floor(microseconds / 1000))
    }),
  )
})

test.each(['2026-11-21T10:15:30', '2026-02-30T10:15:30Z', '2026-11-21T10:15:30.123Z', '2026-11-21T10:15:30+01:00', ''])(
  '"%s" is refused',
  (text) => {
    expect(() => Timestamp.parse(text)).toThrow(expect.objectContaining({ code: 'InvalidInstant' }))
  },
)

test('a fraction does not fit a whole second, nor a number that is not exact', () => {
  expect(() => new Timestamp(1, 'second')).toThrow(expect.objectContaining({ code: 'InvalidInstant' }))
  expect(() => new Timestamp(0.5, 'microsecond')).toThrow(expect.objectContaining({ code: 'InvalidInstant' }))
  expect(() => new Timestamp(2 ** 53, 'microsecond')).toThrow(expect.objectContaining({ code: 'InvalidInstant' }))
})
