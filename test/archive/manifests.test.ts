import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { coverageKey, imageKey, segmentKey, timelineKey } from '../../src/archive/layout.ts'
import { parseArchiveManifest, serializeArchiveManifest } from '../../src/archive/manifests/archive-manifest.ts'
import { parseCoverageManifest, serializeCoverageManifest } from '../../src/archive/manifests/coverage-manifest.ts'
import { serializeManifest } from '../../src/archive/manifests/envelope.ts'
import { parseImageManifest, serializeImageManifest } from '../../src/archive/manifests/image-manifest.ts'
import { parseSegmentManifest, serializeSegmentManifest } from '../../src/archive/manifests/segment-manifest.ts'
import { parseTimelineManifest, serializeTimelineManifest } from '../../src/archive/manifests/timeline-manifest.ts'
import { readManifest } from '../../src/archive/manifest-store.ts'
import { PitrError } from '../../src/errors.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import type { Segment } from '../../src/image/segment.ts'
import type { ImageFacts } from '../../src/image/timeline-facts.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { temporaryPlace } from '../storage/temporary-place.ts'
import { anyImage, anySegment, SOURCE } from './samples.ts'

const createdAt = Timestamp.parse('2026-11-21T10:15:30.123456Z')
const [segment] = fc.sample(anySegment, { numRuns: 1, seed: 3 }) as [Segment]
const [image] = fc.sample(anyImage, { numRuns: 1, seed: 8 }) as [ImageFacts]
const timeline = { id: 't1', ...SOURCE, createdAt }
const coverage = { timelineId: 't1', number: 12, time: createdAt, fileId: 'f1', offset: 99 }
const archive = { archiveId: 'a1', createdAt }

interface Case {
  readonly key: string
  readonly text: string
  readonly parse: (text: string, key: string) => unknown
}

const CASES: Readonly<Record<string, Case>> = {
  archive: { key: 'archive.json', text: serializeArchiveManifest(archive), parse: parseArchiveManifest },
  timeline: { key: timelineKey('t1'), text: serializeTimelineManifest(timeline), parse: parseTimelineManifest },
  coverage: { key: coverageKey('t1', 12), text: serializeCoverageManifest(coverage), parse: parseCoverageManifest },
  segment: { key: segmentKey(segment), text: serializeSegmentManifest(segment), parse: parseSegmentManifest },
  image: { key: imageKey(image.timelineId, image.id), text: serializeImageManifest(image), parse: parseImageManifest },
}

describe('round trips', () => {
  test('of any segment', () => {
    fc.assert(
      fc.property(anySegment, (segment) => {
        const text = serializeSegmentManifest(segment)
        const parsed = parseSegmentManifest(text, segmentKey(segment))
        expect(parsed).toEqual(segment)
        expect(serializeSegmentManifest(parsed)).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  test('of any image', () => {
    fc.assert(
      fc.property(anyImage, (image) => {
        const text = serializeImageManifest(image)
        const parsed = parseImageManifest(text, imageKey(image.timelineId, image.id))
        expect(parsed).toEqual(image)
        expect(serializeImageManifest(parsed)).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  test('of the others', () => {
    expect(parseArchiveManifest(CASES['archive']?.text ?? '', 'archive.json')).toEqual(archive)
    expect(parseTimelineManifest(CASES['timeline']?.text ?? '', timelineKey('t1'))).toEqual(timeline)
    expect(parseCoverageManifest(CASES['coverage']?.text ?? '', coverageKey('t1', 12))).toEqual(coverage)
  })

  test('the text is for people too, and its hash can be checked with other tools', () => {
    expect(serializeArchiveManifest(archive)).toMatchInlineSnapshot(`
      "{
        "format": 0,
        "kind": "archive",
        "body": {
          "archiveId": "a1",
          "createdAt": "2026-11-21T10:15:30.123456Z"
        },
        "sha256": "d5e1dfe8414c6d672c357b09cb1a0c939c9165d33a017cd728d270b1ce50000d"
      }
      "
    `)
    const { sha256, ...unsigned } = JSON.parse(serializeArchiveManifest(archive)) as { sha256: string }
    expect(
      createHash('sha256')
        .update(JSON.stringify(unsigned, null, 2))
        .digest('hex'),
    ).toBe(sha256)
  })
})

describe.each(Object.entries(CASES))('the manifest of %s', (_, { key, text, parse }) => {
  const bytes = Buffer.from(text)

  test('any flipped bit is found', { timeout: 60_000 }, async () => {
    await using place = await temporaryPlace()
    const storage = directoryStorage(place.path)
    await mkdir(dirname(join(place.path, key)), { recursive: true })
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        // Read through the storage: not every sequence of bytes is text. Written past it, which would make it durable.
        await writeFile(join(place.path, key), flipped)
        const error = await readManifest(storage, key, parse).catch((error: unknown) => error)
        expectRefused(error, key)
      }),
      { numRuns: 500 },
    )
  })

  test('any cut, any repetition and any other text is found', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string(), (cut, other) => {
        for (const damaged of [
          text.slice(0, cut),
          text.slice(cut + 1),
          text + text.slice(cut),
          other,
          text + other + ' ',
        ]) {
          expectRefused(
            errorOf(() => parse(damaged, key)),
            key,
          )
        }
      }),
      { numRuns: 200 },
    )
  })

  test('no other text of the same meaning is taken', () => {
    const value = JSON.parse(text) as Record<string, unknown>
    for (const other of [
      JSON.stringify(value),
      JSON.stringify(value, null, 4),
      text.trimEnd(),
      `${text}\n`,
      `\uFEFF${text}`,
    ]) {
      expectRefused(
        errorOf(() => parse(other, key)),
        key,
        'CorruptManifest',
      )
    }
  })

  test('nothing more and nothing less than its fields, also with a right hash', () => {
    const { kind, body } = JSON.parse(text) as { kind: 'archive'; body: Record<string, unknown> }
    const changes = [
      ...Object.keys(body).map((name) => ({ ...body, [name]: null })),
      { ...body, more: 1 },
      JSON.parse(`{"__proto__": 1, ${JSON.stringify(body).slice(1)}`) as unknown,
      null,
      [body],
      'text',
    ]
    for (const changed of changes) {
      expectRefused(
        errorOf(() => parse(serializeManifest(kind, changed), key)),
        key,
        'CorruptManifest',
      )
    }
  })

  test('a later format is said to be one', () => {
    const later = text.replace('"format": 0', '"format": 1')
    expectRefused(
      errorOf(() => parse(later, key)),
      key,
      'UnknownFormat',
    )
  })

  test('it is refused at the key of another', () => {
    if (key === 'archive.json') return
    for (const other of [
      key.replace(/^(timelines|history)\//, '$1/x'),
      key.replace(/.(\.json)$/, 'x$1'),
      'archive.json',
    ]) {
      expectRefused(
        errorOf(() => parse(text, other)),
        other,
        'CorruptManifest',
      )
    }
  })
})

describe('manifests of somebody else', () => {
  const rewrite = (change: (segment: Segment) => unknown) => serializeManifest('segment', change(segment))
  const key = segmentKey(segment)

  test.each([
    ['the archive itself', 'archive.json'],
    ['a place outside', '../../etc/passwd'],
    ['the bytes of another segment', segment.blob.key.replace('.zst', 'a.zst')],
    ['its own manifest', key],
  ])('a segment cannot name %s as its bytes', (_, blobKey) => {
    const text = rewrite((segment) => ({ ...segment, blob: { ...segment.blob, key: blobKey } }))
    expectRefused(
      errorOf(() => parseSegmentManifest(text, key)),
      key,
      'CorruptManifest',
    )
  })

  test('a segment cannot be empty, reversed or of another size', () => {
    for (const change of [
      { to: segment.from },
      { from: segment.to, to: segment.from },
      { to: segment.to + 1 },
      { to: 1e15 },
    ]) {
      const changed = { ...segment, ...change }
      const at = changed.to < 1e12 ? segmentKey(changed) : key
      expectRefused(
        errorOf(() =>
          parseSegmentManifest(
            rewrite(() => changed),
            at,
          ),
        ),
        at,
        'CorruptManifest',
      )
    }
  })

  test('an image cannot name a part that lies elsewhere, or one twice', () => {
    const at = imageKey(image.timelineId, image.id)
    const [part] = image.backup.parts
    for (const parts of [
      [{ ...part, name: 'other' }],
      [part, part],
      [{ ...part, name: '../x' }],
      [{ ...part, blob: { ...part?.blob, key: 'archive.json' } }],
    ]) {
      const text = serializeManifest('image', { ...image, backup: { ...image.backup, parts } })
      expectRefused(
        errorOf(() => parseImageManifest(text, at)),
        at,
        'CorruptManifest',
      )
    }
  })

  test('a GTID set that is none is found', () => {
    const at = imageKey(image.timelineId, image.id)
    const text = serializeManifest('image', { ...image, gtidSet: 'nonsense' })
    expectRefused(
      errorOf(() => parseImageManifest(text, at)),
      at,
      'CorruptManifest',
    )
  })

  test('depth and size do no harm', async () => {
    const deep = '['.repeat(1_000_000)
    expectRefused(
      errorOf(() => parseArchiveManifest(deep, 'archive.json')),
      'archive.json',
      'CorruptManifest',
    )
    const nested = `{"format":0,"kind":"archive","body":${deep}${']'.repeat(1_000_000)},"sha256":""}`
    expectRefused(
      errorOf(() => parseArchiveManifest(nested, 'archive.json')),
      'archive.json',
      'CorruptManifest',
    )
    await using place = await temporaryPlace()
    const storage = directoryStorage(place.path)
    await storage.write('archive.json', [Buffer.alloc((16 << 20) + 1, ' ')])
    const error = await readManifest(storage, 'archive.json', parseArchiveManifest).catch((error: unknown) => error)
    expectRefused(error, 'archive.json', 'CorruptManifest')
  })

  test('one of another kind is refused', () => {
    const { key = '', text = '' } = CASES['coverage'] ?? {}
    expectRefused(
      errorOf(() => parseArchiveManifest(text, key)),
      key,
      'CorruptManifest',
    )
  })
})

function errorOf(run: () => unknown): unknown {
  try {
    run()
    return 'it was taken'
  } catch (error) {
    return error
  }
}

function expectRefused(error: unknown, key: string, code?: 'CorruptManifest' | 'UnknownFormat'): void {
  expect(error).toBeInstanceOf(PitrError)
  const { code: actual, subject } = error as PitrError
  expect(code === undefined ? ['CorruptManifest', 'UnknownFormat'] : [code]).toContain(actual)
  expect(subject).toBe(key)
}
