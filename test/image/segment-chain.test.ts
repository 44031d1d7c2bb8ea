import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SegmentChain } from '../../src/image/segment-chain.ts'
import type { Segment } from '../../src/image/segment.ts'
import { segment } from './facts.ts'

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const after = (number: number, to: number) => ({ previous: { fileId: `id${number}`, to } })

const LOG = [
  segment(999_999, 0, 100),
  segment(999_999, 100, 200, { end: 'rotate' }),
  segment(1_000_000, 0, 150, after(999_999, 200)),
  segment(1_000_001, 0, 90, after(1_000_000, 150)),
  segment(1_000_001, 90, 95),
]

function prove(segments: readonly Segment[]) {
  const chain = SegmentChain.of('mysql', segments)
  chain.prove(0, chain.segments.length - 1)
  return chain
}

test('segments in any order are put into the order of the log by their links', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(LOG, { minLength: LOG.length }), (shuffled) => {
      expect(prove(shuffled).segments).toEqual(LOG)
    }),
  )
})

test('links decide, not names', () => {
  const renamed = [segment(7, 0, 10), segment(3, 0, 10, after(7, 10)), segment(5, 0, 10, after(3, 10))]
  expect(prove(renamed.toReversed()).segments).toEqual(renamed)
})

test.each<[string, number, object]>([
  ['the end of a file', 1, { file: 'binlog.999999', from: 100, toFile: 'binlog.999999', to: 200 }],
  ['a whole file', 2, { file: 'binlog.999999', from: 200, toFile: 'binlog.1000000', to: 150 }],
  ['the beginning of a file', 3, { file: 'binlog.1000000', from: 150, toFile: 'binlog.1000001', to: 90 }],
])('what is missing is named: %s', (_name, without, missing) => {
  const segments = LOG.filter((_, i) => i !== without)
  expect(SegmentChain.of('mysql', segments).breaks).toMatchObject([{ missing }])
  expect(() => prove(segments)).toThrow(
    expect.objectContaining({ code: 'BrokenChain', details: expect.objectContaining({ missing }) }),
  )
})

test('a hole inside a file is named to the byte', () => {
  const { breaks } = SegmentChain.of('mysql', [segment(1, 0, 10), segment(1, 30, 40)])
  expect(breaks[0]).toMatchObject({
    index: 1,
    missing: { file: 'binlog.000001', from: 10, toFile: 'binlog.000001', to: 30 },
  })
})

test('GTIDs that do not join are a break, however they are written', () => {
  const joined = [
    segment(1, 0, 10, { gtidsBefore: '', gtidsAfter: `${UUID}:1-2` }),
    segment(1, 10, 20, { gtidsBefore: `${UUID.toUpperCase()}:1:2`, gtidsAfter: `${UUID}:1-3` }),
  ]
  expect(prove(joined).breaks).toEqual([])
  const torn = [...joined, segment(1, 20, 30, { gtidsBefore: `${UUID}:1-4`, gtidsAfter: `${UUID}:1-5` })]
  expect(() => prove(torn)).toThrow(
    expect.objectContaining({ code: 'BrokenChain', subject: 'binlog.000001 from 20 to 20' }),
  )
})

test('a missing range outside the asked part does not matter', () => {
  const chain = SegmentChain.of('mysql', [segment(1, 0, 10), segment(1, 20, 30), segment(1, 30, 40)])
  expect(() => chain.prove(1, 2)).not.toThrow()
  expect(() => chain.prove(0, 1)).toThrow(expect.objectContaining({ code: 'BrokenChain' }))
})

test.each<[string, Segment[]]>([
  ['an overlap', [segment(1, 0, 10), segment(1, 5, 20)]],
  ['the same range twice', [segment(1, 0, 10), segment(1, 0, 10)]],
  ['an empty range', [segment(1, 10, 10)]],
  ['two files behind one', [segment(1, 0, 10), segment(2, 0, 10, after(1, 10)), segment(3, 0, 10, after(1, 10))]],
  ['a circle', [segment(1, 0, 10, after(2, 10)), segment(2, 0, 10, after(1, 10))]],
  ['a file with two names', [segment(1, 0, 10), segment(2, 10, 20, { fileId: 'id1' })]],
  ['a file that goes on behind its end', [segment(1, 0, 10, { end: 'stop' }), segment(1, 10, 20)]],
  ['a file that ended before its archived end', [segment(1, 0, 10), segment(2, 0, 10, after(1, 5))]],
  ['two timelines', [segment(1, 0, 10), segment(2, 0, 10, { timelineId: 'other' })]],
])('contradictions are refused: %s', (_name, segments) => {
  expect(() => SegmentChain.of('mysql', segments)).toThrow(expect.objectContaining({ code: 'CorruptManifest' }))
})

test('10,000 segments are ordered and proved', () => {
  const segments = Array.from({ length: 10_000 }, (_, i) =>
    segment(i + 1, 0, 100, {
      ...after(i, 100),
      gtidsAfter: `${UUID}:1-${i + 1}`,
      gtidsBefore: i === 0 ? '' : `${UUID}:1-${i}`,
    }),
  )
  const shuffled = segments.toSorted((a, b) => (a.fileId < b.fileId ? -1 : 1))
  const started = performance.now()
  expect(prove(shuffled).segments.at(-1)?.file).toBe('binlog.010000')
  // It takes a tenth of a second; the bound leaves room for a busy machine and still shows quadratic work.
  expect(performance.now() - started).toBeLessThan(5000)
})
