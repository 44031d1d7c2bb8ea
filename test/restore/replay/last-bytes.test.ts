import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LastBytes } from '../../../src/restore/replay/last-bytes.ts'

test('it holds the end of all that was added, whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 30 })),
      fc.integer({ min: 1, max: 20 }),
      (pieces, limit) => {
        const last = new LastBytes(limit)
        for (const piece of pieces) last.add(Buffer.from(piece))
        expect(last.text()).toBe(pieces.join('').slice(-limit))
      },
    ),
  )
})
