import { execa } from 'execa'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { Archive } from '../../src/archive/archive.ts'
import type { PassCoverage } from '../../src/archive/coverage.ts'
import { coverageKey, imageKey, segmentBlobKey, segmentKey } from '../../src/archive/layout.ts'
import { serializeSegmentManifest } from '../../src/archive/manifests/segment-manifest.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import type { Coverage } from '../../src/image/timeline-facts.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, chunksOf, contentOf, errorOf, keysOf } from '../storage/content.ts'
import { temporaryPlace } from '../storage/temporary-place.ts'
import { SEGMENT_BYTES, SEGMENTS } from './archiver.fixture.ts'
import { draftOf, imageOf, SOURCE } from './samples.ts'

/** How often an archiver is killed. */
const KILLS = inject('tier') === 'full' ? 60 : 8

let place: Awaited<ReturnType<typeof temporaryPlace>>
let root: string
let storage: Storage
beforeEach(async () => {
  place = await temporaryPlace()
  root = join(place.path, 'archive')
  storage = directoryStorage(root)
})
afterEach(async () => {
  await place[Symbol.asyncDispose]()
})

describe('create and open', () => {
  test('what was created can be opened', async () => {
    const archive = await Archive.create(storage)
    expect((await Archive.open(storage)).id).toBe(archive.id)
    expect(await keysOf(storage)).toEqual(['archive.json'])
  })

  test('nothing is made by opening what is not there', async () => {
    await expect(Archive.open(storage)).rejects.toMatchObject({ code: 'ArchiveNotFound', subject: root })
    expect(await readdir(place.path)).toEqual([])
  })

  test('there is one archive in a place, also when two are made at a time', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(async () => Archive.create(directoryStorage(root))))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(Archive.create(storage)).rejects.toMatchObject({ code: 'ArchiveExists' })
  })

  test('an archive that lost its manifest is not taken for an empty place', async () => {
    await storage.write('timelines/x.json', [])
    await expect(Archive.create(storage)).rejects.toMatchObject({ code: 'ArchiveExists' })
  })

  test('a place with other things in it is refused', async () => {
    await storage.write('photos/1.jpg', [])
    await expect(Archive.create(storage)).rejects.toMatchObject({
      code: 'InvalidArgument',
      details: { key: 'photos/1.jpg' },
    })
    expect(await keysOf(storage)).toEqual(['photos/1.jpg'])
  })
})

describe('timelines', () => {
  test('there is none before the first backup', async () => {
    const archive = await Archive.create(storage)
    expect(await archive.timelines()).toEqual([])
    await expect(archive.timeline()).rejects.toMatchObject({ code: 'NoImage' })
    await expect(archive.readFacts('unknown')).rejects.toMatchObject({ code: 'ObjectMissing' })
  })

  test('a server has one, however often and by how many it is begun', async () => {
    const archive = await Archive.create(storage)
    const begun = await Promise.all([1, 2, 3].map(async () => archive.createTimeline(SOURCE)))
    const later = await archive.createTimeline({ ...SOURCE, source: { ...SOURCE.source, version: '9.8.0' } })
    for (const timeline of [...begun, later]) expect(timeline).toEqual(await archive.timeline())
    expect(await archive.timelines()).toHaveLength(1)
  })

  test('two servers in one archive are noticed', async () => {
    const archive = await Archive.create(storage)
    await archive.createTimeline(SOURCE)
    await archive.createTimeline({ ...SOURCE, source: { ...SOURCE.source, serverId: 8 } })
    expect(await archive.timelines()).toHaveLength(2)
    await expect(archive.timeline()).rejects.toMatchObject({ code: 'UnknownFormat' })
  })
})

describe('segments', () => {
  test('come back with their facts, in log order, and with their bytes', async () => {
    const { archive, id } = await begun()
    const written = [
      await archive.writeSegment(draftOf(id, 0, 900, { file: 'binlog.1000000', fileId: 'b' })),
      await archive.writeSegment(draftOf(id, 1000, 20_000)),
      await archive.writeSegment(draftOf(id, 0, 1000)),
      await archive.writeSegment(draftOf(id, 0, 10, { file: 'binlog.999999', fileId: 'a' })),
    ]
    const { segments, damaged } = await archive.readFacts(id)
    expect(damaged).toEqual([])
    expect(segments.map(({ file, from }) => `${file}:${from}`)).toEqual([
      'binlog.000042:0',
      'binlog.000042:1000',
      'binlog.999999:0',
      'binlog.1000000:0',
    ])
    for (const segment of written) {
      expect(segments).toContainEqual(segment)
      const content = contentOf(`${segment.file}:${segment.from}`, segment.to - segment.from)
      expect((await bytesOf(archive.readSegment(segment))).equals(content)).toBe(true)
    }
  })

  test('the same again is a no-op, also by two at a time', async () => {
    const { archive, id } = await begun()
    const first = await archive.writeSegment(draftOf(id, 0, 1000))
    const before = await keysOf(storage)
    expect(await archive.writeSegment(draftOf(id, 0, 1000))).toEqual(first)
    const both = await Promise.all([
      archive.writeSegment(draftOf(id, 0, 1000)),
      archive.writeSegment(draftOf(id, 0, 1000)),
    ])
    expect(both).toEqual([first, first])
    expect(await keysOf(storage)).toEqual(before)
  })

  test('other bytes, other facts or another end at its place are a conflict', async () => {
    const { archive, id } = await begun()
    const first = await archive.writeSegment(draftOf(id, 0, 1000))
    const before = await keysOf(storage)
    for (const other of [
      draftOf(id, 0, 1000, { bytes: contentOf('other', 1000) }),
      draftOf(id, 0, 1000, { counts: { transactions: 2, rowEvents: 2, rows: 3 } }),
      draftOf(id, 0, 999),
    ]) {
      await expect(archive.writeSegment(other)).rejects.toMatchObject({
        code: 'ObjectConflict',
        subject: segmentKey(first),
      })
    }
    expect(await keysOf(storage)).toEqual(before)
    expect((await archive.readFacts(id)).segments).toEqual([first])
  })

  test('bytes that a killed run left are no segment and in nobody’s way', async () => {
    const { archive, id } = await begun()
    const { blob, ...rest } = await archive.writeSegment(draftOf(id, 0, 1000))
    await storage.delete(segmentKey(rest))
    expect((await archive.readFacts(id)).segments).toEqual([])
    const again = await archive.writeSegment(draftOf(id, 0, 1000))
    expect(again.blob.key).not.toBe(blob.key)
    expect((await archive.readFacts(id)).segments).toEqual([again])
  })

  test('a source that fails leaves nothing', async () => {
    const { archive, id } = await begun()
    const before = await keysOf(storage)
    const failure = new Error('connection lost')
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(500)
      throw failure
    }
    expect(await errorOf(archive.writeSegment({ ...draftOf(id, 0, 1000), bytes: bytes() }))).toBe(failure)
    expect(await keysOf(storage)).toEqual(before)
  })

  test('a segment whose size is not that of its range is never written', async () => {
    const { archive, id } = await begun()
    await expect(archive.writeSegment(draftOf(id, 0, 1000, { bytes: Buffer.alloc(999) }))).rejects.toMatchObject({
      code: 'CorruptManifest',
    })
    expect((await archive.readFacts(id)).segments).toEqual([])
  })

  test('one that points elsewhere is not read', async () => {
    const { archive, id } = await begun()
    const [a, b] = [
      await archive.writeSegment(draftOf(id, 0, 1000)),
      await archive.writeSegment(draftOf(id, 1000, 2000)),
    ]
    for (const key of [b.blob.key, 'archive.json', '../x']) {
      const forged = { ...a, blob: { ...a.blob, key } }
      await expect(bytesOf(archive.readSegment(forged))).rejects.toMatchObject({ code: 'CorruptManifest' })
    }
    await expect(bytesOf(archive.readBackupPart({ name: 'data', blob: a.blob }))).rejects.toMatchObject({
      code: 'CorruptManifest',
    })
  })
})

describe('images', () => {
  test('come back with their facts and parts', async () => {
    const { archive, id } = await begun()
    const content = contentOf('data', 200_000)
    const parts = [
      await archive.writeBackupPart(id, 'image-1', 'data', chunksOf(content)),
      await archive.writeBackupPart(id, 'image-1', 'accounts', [Buffer.from('CREATE USER')]),
    ]
    expect((await archive.readFacts(id)).images).toEqual([])
    const image = await archive.writeImage(id, imageOf('image-1', parts))
    expect(await archive.writeImage(id, imageOf('image-1', parts))).toEqual(image)
    const { images, damaged } = await archive.readFacts(id)
    expect(images).toEqual([image])
    expect(String(images[0]?.gtidSet)).toBe(String(image.gtidSet))
    expect(damaged).toEqual([])
    for (const part of images[0]?.backup.parts ?? []) {
      const bytes = await bytesOf(archive.readBackupPart(part))
      expect(bytes.equals(part.name === 'data' ? content : Buffer.from('CREATE USER'))).toBe(true)
    }
  })

  test('do not come to be without their parts', async () => {
    const { archive, id } = await begun()
    const part = await archive.writeBackupPart(id, 'image-1', 'data', [Buffer.from('x')])
    await storage.delete(part.blob.key)
    await expect(archive.writeImage(id, imageOf('image-1', [part]))).rejects.toMatchObject({
      code: 'ObjectMissing',
      subject: part.blob.key,
    })
    await storage.write(part.blob.key, [Buffer.from('another size')])
    await expect(archive.writeImage(id, imageOf('image-1', [part]))).rejects.toMatchObject({ code: 'ChecksumMismatch' })
    expect((await archive.readFacts(id)).images).toEqual([])
  })

  test('ids and names that cannot stand in a key are refused', async () => {
    const { archive, id } = await begun()
    for (const [timelineId, imageId, name] of [
      ['../x', 'i', 'data'],
      [id, 'a/b', 'data'],
      [id, 'i', '../data'],
      [id, 'i', 'größe'],
      [id, '', 'data'],
    ] as const) {
      await expect(archive.writeBackupPart(timelineId, imageId, name, [])).rejects.toMatchObject({
        code: 'InvalidArgument',
      })
    }
  })
})

describe('coverage', () => {
  const noon = '2026-11-21T10:15:30.000000Z'
  const at = (offset: number, time = noon, fileId = 'f0f0f0f0'): Coverage => ({
    time: Timestamp.parse(time),
    fileId,
    offset,
  })
  const passOf = (coverage: Coverage, stand: boolean, fileIds = ['f0f0f0f0']): PassCoverage => ({
    ...coverage,
    stands: async () => Promise.resolve(stand),
    fileIds: new Set(fileIds),
  })

  test('a later time that stands is kept, and an end further in the log; only the last record stays', async () => {
    const { archive, id } = await begun()
    expect((await archive.readFacts(id)).coveredUntil).toBeUndefined()
    const early = '2026-11-21T09:00:00.000000Z'
    const [next, both] = ['e1e1e1e1', ['f0f0f0f0', 'e1e1e1e1']]
    for (const [i, [pass, recorded]] of (
      [
        [passOf(at(100), true), at(100)],
        [passOf(at(200, early), true), at(200)],
        [passOf(at(300, early), false), at(300, early)],
        [passOf(at(400), false), at(400)],
        // The slower of two passes.
        [passOf(at(300, early), true), at(400)],
        [passOf(at(300, early), false), at(400, early)],
        [passOf(at(50, noon, next), true, both), at(50, noon, next)],
        [passOf(at(500, early), true), at(50, noon, next)],
        [passOf(at(60, early, next), true, both), at(60, noon, next)],
      ] as const
    ).entries()) {
      expect(await archive.recordCoverage(id, pass)).toEqual(recorded.time)
      expect((await archive.readFacts(id)).coveredUntil).toEqual(recorded)
      expect((await keysOf(storage)).filter((key) => key.includes('coverage'))).toEqual([coverageKey(id, i + 1)])
    }
  })

  test('records of many archivers at a time do not collide, and readers always find one', async () => {
    const { archive, id } = await begun()
    await archive.recordCoverage(id, passOf(at(1), true))
    const writers = [1, 2, 3, 4].map(async (writer) => {
      for (let i = 0; i < 15; i++) await archive.recordCoverage(id, passOf(at(writer * 100 + i), true))
    })
    const reader = async () => {
      for (let i = 0; i < 40; i++) expect((await archive.readFacts(id)).coveredUntil).toBeDefined()
    }
    await Promise.all([...writers, reader()])
    expect((await keysOf(storage)).filter((key) => key.includes('coverage')).length).toBeLessThanOrEqual(2)
  })
})

describe('damage', () => {
  test('missing and cut bytes are recorded, and fail when they are needed', async () => {
    const { archive, id } = await begun()
    const [a, b] = [
      await archive.writeSegment(draftOf(id, 0, 1000)),
      await archive.writeSegment(draftOf(id, 1000, 2000)),
    ]
    const part = await archive.writeBackupPart(id, 'image-1', 'data', [Buffer.from('x')])
    const image = await archive.writeImage(id, imageOf('image-1', [part]))
    await storage.delete(a.blob.key)
    await storage.delete(part.blob.key)
    await writeFile(join(root, b.blob.key), 'cut')
    const { segments, images, damaged } = await archive.readFacts(id)
    expect(segments).toEqual([a, b])
    expect(images).toEqual([image])
    expect(damaged).toEqual([
      { key: part.blob.key, manifest: imageKey(id, 'image-1'), problem: 'missing' },
      { key: a.blob.key, manifest: segmentKey(a), problem: 'missing' },
      { key: b.blob.key, manifest: segmentKey(b), problem: 'size' },
    ])
    await expect(bytesOf(archive.readSegment(a))).rejects.toMatchObject({ code: 'ObjectMissing', subject: a.blob.key })
    await expect(bytesOf(archive.readSegment(b))).rejects.toMatchObject({
      code: 'ChecksumMismatch',
      subject: b.blob.key,
    })
    await expect(bytesOf(archive.readBackupPart(part))).rejects.toMatchObject({ code: 'ObjectMissing' })
  })

  test('a damaged manifest is named; nothing is left out silently', async () => {
    const { archive, id } = await begun()
    const segment = await archive.writeSegment(draftOf(id, 0, 1000))
    await archive.writeSegment(draftOf(id, 1000, 2000))
    await writeFile(join(root, segmentKey(segment)), '{}')
    await expect(archive.readFacts(id)).rejects.toMatchObject({ code: 'CorruptManifest', subject: segmentKey(segment) })
  })
})

test('a killed archiver leaves nothing half done, and goes on where it was', { timeout: 120_000 }, async () => {
  const archive = await Archive.create(storage)
  const script = new URL('archiver.fixture.ts', import.meta.url).pathname
  const start = () => execa(process.execPath, [script, `directory:${root}`], { reject: false })
  for (let round = 0; round < KILLS; round++) {
    const run = start()
    await once(run.stdout, 'data')
    await sleep(Math.random() * 60)
    run.kill('SIGKILL')
    const acknowledged = Number((await run).stdout.split('\n').at(-1)) || 0
    const { segments, images, coveredUntil, damaged } = await archive.readFacts((await archive.timeline()).id)
    expect(damaged).toEqual([])
    expect(images.length).toBeLessThanOrEqual(1)
    expect(segments.map(({ from }) => from)).toEqual(segments.map((_, i) => i * SEGMENT_BYTES))
    const end = segments.at(-1)?.to ?? 0
    expect(end).toBeGreaterThanOrEqual(acknowledged)
    expect(coveredUntil?.offset ?? 0).toBeLessThanOrEqual(end)
  }
  const { failed, stderr } = await start()
  expect(failed ? stderr : '').toBe('')
  const { segments, images, coveredUntil } = await archive.readFacts((await archive.timeline()).id)
  expect(images).toHaveLength(1)
  expect(segments).toHaveLength(SEGMENTS)
  expect(coveredUntil?.offset).toBe(SEGMENTS * SEGMENT_BYTES)
  for (const segment of segments) {
    const content = contentOf(`${segment.file}:${segment.from}`, SEGMENT_BYTES)
    expect((await bytesOf(archive.readSegment(segment))).equals(content)).toBe(true)
  }
})

test('a thousand segments are read in order', { timeout: 120_000 }, async () => {
  const { archive, id } = await begun()
  const { blob, ...first } = await archive.writeSegment(draftOf(id, 0, 10))
  // Written past the storage: so many durable writes take long.
  const folder = join(root, segmentKey(first), '..')
  for (let from = 10; from < 10_000; from += 10) {
    const place = { ...first, from, to: from + 10 }
    const key = segmentBlobKey(place, '00000000')
    await writeFile(join(folder, basename(key)), Buffer.alloc(blob.stored.bytes))
    await writeFile(join(root, segmentKey(place)), serializeSegmentManifest({ ...place, blob: { ...blob, key } }))
  }
  const { segments, damaged } = await archive.readFacts(id)
  expect(segments.map(({ from }) => from)).toEqual(Array.from({ length: 1000 }, (_, i) => i * 10))
  expect(damaged).toEqual([])
})

async function begun(): Promise<{ archive: Archive; id: string }> {
  const archive = await Archive.create(storage)
  return { archive, id: (await archive.createTimeline(SOURCE)).id }
}
