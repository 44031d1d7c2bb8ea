import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Archive } from '../../src/archive/archive.ts'
import type { ArchiveFacts } from '../../src/archive/archive.ts'
import { pageKey, pagesPrefix, segmentBlobKey, segmentKey } from '../../src/archive/layout.ts'
import { pageEntryOf, parseCataloguePage, serializeCataloguePage } from '../../src/archive/manifests/catalogue-page.ts'
import { serializeSegmentManifest } from '../../src/archive/manifests/segment-manifest.ts'
import type { Segment } from '../../src/image/segment.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { keysOf } from '../storage/content.ts'
import { temporaryPlace } from '../storage/temporary-place.ts'
import { countingStorage } from '../support/counting-storage.ts'
import { draftOf, SOURCE } from './samples.ts'

const SEGMENTS = 2300

describe('pages', { timeout: 120_000 }, () => {
  let place: Awaited<ReturnType<typeof temporaryPlace>>
  let id: string
  /** What the manifests say. */
  let truth: ArchiveFacts
  const { counts, archive } = lazyArchive()

  beforeAll(async () => {
    place = await temporaryPlace()
    const { id: timelineId } = await (await Archive.create(directoryStorage(place.path))).createTimeline(SOURCE)
    id = timelineId
    const { blob, ...first } = await (await archive()).writeSegment(draftOf(id, 0, 10))
    // Written past the storage: durable writes take long.
    for (let from = 10; from < SEGMENTS * 10; from += 10) {
      const at = { ...first, from, to: from + 10 }
      await store({ ...at, blob: { ...blob, key: segmentBlobKey(at, '00000000') } })
    }
    truth = await facts()
  }, 60_000)
  beforeEach(async () => {
    await (await archive()).writeCatalogue(await facts())
  }, 60_000)
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  }, 60_000)

  test('bring the same facts as the manifests, with a read for a thousand of them', async () => {
    expect(truth.segments).toHaveLength(SEGMENTS)
    expect(await pages()).toHaveLength(2)
    counts.reads = 0
    const read = await facts()
    expect(JSON.stringify({ ...read, uncatalogued: [] })).toBe(JSON.stringify({ ...truth, uncatalogued: [] }))
    expect(read.uncatalogued).toEqual(truth.segments.slice(2000))
    // The manifest of the timeline, two pages, and what is in none.
    expect(counts.reads).toBe(1 + 2 + 300)
  })

  test('are written once, also by several at a time', async () => {
    const before = await pages()
    await Promise.all([1, 2, 3].map(async () => await (await archive()).writeCatalogue(truth)))
    expect(await pages()).toEqual(before)
    expect((await facts()).uncatalogued).toHaveLength(300)
  })

  test('that are damaged or gone change no fact, and are replaced', async () => {
    const [first = ''] = await pages()
    const path = join(place.path, first)
    const whole = await readFile(path)
    const damages: (() => Promise<void>)[] = [
      ...[0, 40, 5000, whole.length >> 1, whole.length - 30, whole.length - 1].map((at) => async () => {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] ?? 0) ^ 4
        await writeFile(path, changed)
      }),
      async () => await truncate(path, whole.length >> 1),
      async () => await truncate(path, 0),
      async () => await rm(path),
      async () => await writeFile(path, (await readFile(join(place.path, (await pages())[1] ?? ''))).toString()),
    ]
    for (const damage of damages) {
      await damage()
      const read = await facts()
      expect(read.segments).toEqual(truth.segments)
      expect(read.uncatalogued).toHaveLength(1300)
      await (await archive()).writeCatalogue(read)
      expect((await readFile(path)).equals(whole)).toBe(true)
    }
  })

  test('bring no segment whose manifest is gone', async () => {
    const [gone] = truth.segments.slice(77)
    await hidden(segmentKey(gone!), async () => {
      expect((await facts()).segments).toEqual(truth.segments.filter((segment) => segment !== gone))
    })
  })

  test('do not hide that a manifest was cut, or that bytes are gone', async () => {
    const [segment] = truth.segments.slice(78)
    const path = join(place.path, segmentKey(segment!))
    const whole = await readFile(path)
    await truncate(path, whole.length - 1)
    await expect(facts()).rejects.toMatchObject({ code: 'CorruptManifest', subject: segmentKey(segment!) })
    await writeFile(path, whole)
    await hidden(segment!.blob.key, async () => {
      expect((await facts()).damaged).toEqual([
        { key: segment!.blob.key, manifest: segmentKey(segment!), problem: 'missing' },
      ])
    })
  })

  test('give way to a segment that was archived again', async () => {
    const old = truth.segments[79]!
    const again = { ...old, blob: { ...old.blob, key: segmentBlobKey(old, 'ffffffff') } }
    await hidden(old.blob.key, async () => {
      await store(again)
      const { segments, damaged } = await facts()
      expect(damaged).toEqual([])
      expect(segments[79]).toEqual(again)
      await rm(join(place.path, again.blob.key))
    })
    await store(old)
  })

  test('of another place, of another timeline or of a later version are refused', () => {
    const entries = truth.segments.slice(0, 3).map(pageEntryOf)
    const key = pageKey(truth.segments[0]!)
    const text = serializeCataloguePage({ entries })
    expect(parseCataloguePage(text, key)).toEqual({ entries })
    const stray = { ...entries[1]!, segment: { ...entries[1]!.segment, timelineId: 'other' } }
    const empty = { ...entries[1]!, segment: { ...entries[1]!.segment, to: 10 } }
    const refused = expect.objectContaining({ code: 'CorruptManifest' })
    expect(() => parseCataloguePage(text, pageKey(truth.segments[1]!))).toThrow(refused)
    for (const wrong of [[], [entries[0]!, stray], [entries[0]!, empty]]) {
      expect(() => parseCataloguePage(serializeCataloguePage({ entries: wrong }), key)).toThrow(refused)
    }
    expect(() => parseCataloguePage('', key)).toThrow(refused)
    const later = text.replace('"format":0', '"format":1')
    expect(() => parseCataloguePage(later, key)).toThrow(expect.objectContaining({ code: 'UnknownFormat' }))
  })

  function lazyArchive() {
    const shared = { reads: 0, bytesRead: 0 }
    return {
      counts: shared,
      archive: async () => {
        const counting = countingStorage(directoryStorage(place.path), shared)
        const opened = await Archive.open(counting.storage)
        shared.reads = 0
        return opened
      },
    }
  }

  async function facts(): Promise<ArchiveFacts> {
    return await (await archive()).readFacts(id)
  }

  async function pages(): Promise<string[]> {
    return await keysOf(directoryStorage(place.path), pagesPrefix(id))
  }

  async function store(segment: Segment): Promise<void> {
    const path = join(place.path, segmentKey(segment))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(join(place.path, segment.blob.key), Buffer.alloc(segment.blob.stored.bytes))
    await writeFile(path, serializeSegmentManifest(segment))
  }

  async function hidden(key: string, run: () => Promise<void>): Promise<void> {
    const path = join(place.path, key)
    const aside = join(place.path, '..', 'aside')
    await rename(path, aside)
    await run()
    await rename(aside, path)
  }
})
