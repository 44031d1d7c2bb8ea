import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IntervalList } from '../../../src/restore/log/planned-file.ts'

test('neighbours are joined, gaps stay', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 5 }))), (steps) => {
      const list = new IntervalList()
      const wanted = new Set<number>()
      let at = 0
      for (const [gap, length] of steps) {
        list.add(at + gap, at + gap + length)
        for (let i = 0; i < length; i += 1) wanted.add(at + gap + i)
        at += gap + length
      }
      const held = list.intervals.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))
      expect(held).toEqual([...wanted])
      for (const [i, { from }] of list.intervals.entries()) expect(list.intervals[i - 1]?.to ?? -1).toBeLessThan(from)
    }),
  )
})
