import { expect, test } from 'vitest'
import { parseGtidSet } from '../../src/coordinates/parse-gtid-set.ts'
import { ImageSequence } from '../../src/image/image-sequence.ts'
import type { ImageFacts } from '../../src/image/timeline-facts.ts'
import { at, facts, image, segment } from './facts.ts'

const LOG = [
  segment(999_999, 0, 200),
  segment(1_000_000, 0, 100, { previous: { fileId: 'id999999', to: 200 } }),
  segment(1_000_000, 100, 180),
]
const IMAGES = [image('c', 1_000_000, 50, 3), image('a', 999_999, 100, 1), image('b', 999_999, 150, 2)]

test('images are ordered by the log; the last one is open, each other ends where the next one starts', () => {
  const images = ImageSequence.of(facts(IMAGES, LOG))
  expect([...images].map(({ id, state }) => [id, state])).toEqual([
    ['a', 'closed'],
    ['b', 'closed'],
    ['c', 'open'],
  ])
  expect(images.get('b')).toMatchObject({ endTime: at(3), endPosition: { file: 'binlog.1000000', offset: 50 } })
  expect(images.open).toBe(images.get('c'))
  expect(images.open).toMatchObject({ endTime: undefined, endPosition: undefined })
  expect(images.closed.map(({ id }) => id)).toEqual(['a', 'b'])
})

test('the binlogs of an image are the ranges from its position to the next one', () => {
  const images = ImageSequence.of(facts(IMAGES, LOG))
  expect([...images].map(({ binlogs }) => binlogs.map(({ file, from, to }) => [file, from, to]))).toEqual([
    [['binlog.999999', 100, 150]],
    [
      ['binlog.999999', 150, 200],
      ['binlog.1000000', 0, 50],
    ],
    [['binlog.1000000', 50, 180]],
  ])
})

test('a missing range stays out of the binlogs', () => {
  const [image] = ImageSequence.of(facts(IMAGES.slice(1, 2), [segment(999_999, 0, 120), segment(999_999, 130, 200)]))
  expect(image?.binlogs.map(({ from, to }) => [from, to])).toEqual([
    [100, 120],
    [130, 200],
  ])
})

test('of two images at one position the later started one comes later', () => {
  const images = ImageSequence.of(facts([image('late', 1, 50, 9), image('early', 1, 50, 8)], [segment(1, 0, 60)]))
  expect([...images].map(({ id }) => id)).toEqual(['early', 'late'])
})

test('a moment belongs to the last image that started at or before it', () => {
  const images = ImageSequence.of(facts(IMAGES, LOG))
  expect(images.contains(at(1))).toBe(true)
  expect(images.contains('2026-11-21T10:15:00.999999999Z')).toBe(false)
  expect(images.at(at(2))?.id).toBe('b')
  expect(images.at('2026-11-21T10:15:02.999999Z')?.id).toBe('b')
  expect(images.at('2030-01-01T00:00:00Z')?.id).toBe('c')
  expect(images.at('2020-01-01T00:00:00Z')).toBeUndefined()
})

test('without images it is empty', () => {
  const images = ImageSequence.of(facts([], LOG))
  expect(images).toMatchObject({ length: 0, open: undefined, closed: [] })
  expect(() => images.get('a')).toThrow(expect.objectContaining({ code: 'NoImage' }))
})

const set = (text: string) => parseGtidSet('mysql', text)
test.each<[string, ImageFacts[]]>([
  ['one id twice', [image('a', 1, 50, 1), image('a', 1, 60, 2)]],
  ['another timeline', [image('a', 1, 50, 1, { timelineId: 'other' })]],
  ['a position before the first event', [image('a', 1, 3, 1)]],
  ['another name of an archived file', [image('a', 1, 50, 1, { position: { file: 'binlog.000009', offset: 50 } })]],
  [
    'GTIDs that an earlier image had',
    [
      image('a', 1, 50, 1, { gtidSet: set('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5') }),
      image('b', 1, 60, 2, { gtidSet: set('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-4') }),
    ],
  ],
])('contradictions are refused: %s', (_name, images) => {
  expect(() => ImageSequence.of(facts(images, [segment(1, 0, 90)]))).toThrow(
    expect.objectContaining({ code: 'CorruptManifest' }),
  )
})
