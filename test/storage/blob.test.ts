import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Blob } from '../../src/image/segment.ts'
import { readBlob, verifyBlob, writeBlob } from '../../src/storage/blob.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { RoundTrip } from '../../src/storage/round-trip.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, chunksOf, contentOf, errorOf, keysOf } from './content.ts'
import { temporaryPlace } from './temporary-place.ts'

let place: Awaited<ReturnType<typeof temporaryPlace>>
let storage: Storage
beforeEach(async () => {
  place = await temporaryPlace()
  storage = directoryStorage(place.path)
})
afterEach(async () => {
  await place[Symbol.asyncDispose]()
})

describe('writeBlob and readBlob', () => {
  test('give back what was put in, with sizes and hashes of both', async () => {
    let i = 0
    const chunk = fc.tuple(fc.integer({ min: 0, max: 300_000 }), fc.boolean())
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 5 }), fc.constantFrom(1, 3, 19), async (sizes, zstdLevel) => {
        const chunks = sizes.map(([size, random]) => (random ? randomBytes(size) : Buffer.alloc(size, 7)))
        const content = Buffer.concat(chunks)
        const blob = await writeBlob(storage, `blob/${i++}`, chunks, { zstdLevel })
        const stored = await readFile(join(place.path, blob.key))
        expect(blob).toEqual({ key: blob.key, codec: 'zstd', content: digestOf(content), stored: digestOf(stored) })
        expect((await bytesOf(readBlob(storage, blob))).equals(content)).toBe(true)
        await verifyBlob(storage, blob)
      }),
      { numRuns: 40 },
    )
  })

  test('any range of the content can be read', async () => {
    const content = contentOf('range', 500_000)
    const blob = await writeBlob(storage, 'x', chunksOf(content))
    const offset = fc.integer({ min: 0, max: 510_000 })
    await fc.assert(
      fc.asyncProperty(offset, offset, async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        expect(
          (await bytesOf(readBlob(storage, blob, { range }))).equals(content.subarray(range.start, range.end)),
        ).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('levels beyond 1 to 19 are refused', async () => {
    for (const zstdLevel of [0, 20, 1.5, Number.NaN]) {
      await expect(writeBlob(storage, 'x', [], { zstdLevel })).rejects.toMatchObject({ code: 'InvalidArgument' })
    }
  })

  test('an error of the source is passed on as it is and nothing is stored', async () => {
    const failure = new Error('the server went away')
    async function* source(): AsyncGenerator<Uint8Array> {
      yield contentOf('x', 1_000_000)
      throw failure
    }
    expect(await errorOf(writeBlob(storage, 'x', source()))).toBe(failure)
    expect(await keysOf(storage)).toEqual([])
  })

  test('a failed write closes its source', async () => {
    let closed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield randomBytes(100_000)
      } finally {
        closed = true
      }
    }
    await expect(writeBlob(storage, 'x', takeThenFail(source(), 20))).rejects.toThrow('enough')
    expect(closed).toBe(true)
  })

  test('an aborted signal stops it while the source keeps it waiting', async () => {
    const controller = new AbortController()
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10)
      setTimeout(() => controller.abort(), 20)
      await new Promise(() => {})
    }
    const { signal } = controller
    await expect(writeBlob(storage, 'x', source(), { signal })).rejects.toMatchObject({ code: 'Aborted' })
    expect(await keysOf(storage)).toEqual([])
  })

  test('a reader that leaves early holds no file open', async () => {
    const blob = await writeBlob(storage, 'x', chunksOf(contentOf('x', 3_000_000)))
    const open = async () => (await readdir('/proc/self/fd')).length
    const before = await open()
    for (let i = 0; i < 50; i++) for await (const _ of readBlob(storage, blob)) break
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await open()).toBeLessThanOrEqual(before + 2)
  })

  test('memory stays bounded', { timeout: 60_000 }, async () => {
    const chunk = randomBytes(1 << 20)
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 200; i++) yield chunk
    }
    const before = process.memoryUsage().rss
    let peak = before
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10)
    const blob = await writeBlob(storage, 'x', source())
    await verifyBlob(storage, blob)
    clearInterval(timer)
    expect(peak - before).toBeLessThan(120 << 20)
  })
})

describe('damage', () => {
  const content = Buffer.concat([contentOf('damage', 30_000), Buffer.alloc(100_000, 1)])
  let blob: Blob
  let stored: Buffer
  beforeEach(async () => {
    blob = await writeBlob(storage, 'some/blob', [content])
    stored = await readFile(join(place.path, blob.key))
  })

  test('any flipped bit is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(stored)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        await writeFile(join(place.path, blob.key), flipped)
        await expectMismatch()
      }),
      { numRuns: 300, examples: [[0], [32], [40], [stored.length * 8 - 1]] },
    )
  })

  test('any truncation is found, and bytes behind the end', async () => {
    for (const length of [0, 1, 4, 100, stored.length >> 1, stored.length - 4, stored.length - 1]) {
      await truncate(join(place.path, blob.key), length)
      await expectMismatch()
      await writeFile(join(place.path, blob.key), stored)
    }
    for (const more of [Buffer.alloc(1), stored, zstdCompressSync(Buffer.from('x'))]) {
      await writeFile(join(place.path, blob.key), Buffer.concat([stored, more]))
      await expectMismatch()
    }
  })

  test('the bytes of another blob are found', async () => {
    await writeFile(join(place.path, blob.key), zstdCompressSync(contentOf('other', 10)))
    await expectMismatch()
  })

  test('a missing object is named', async () => {
    await storage.delete(blob.key)
    await expect(verifyBlob(storage, blob)).rejects.toMatchObject({ code: 'ObjectMissing', subject: blob.key })
  })

  test('a manifest that tells other sizes or hashes is not believed', async () => {
    const { content, stored } = blob
    const other = { sha256: '0'.repeat(64) }
    for (const wrong of [
      { ...blob, content: { ...content, ...other } },
      { ...blob, stored: { ...stored, ...other } },
      { ...blob, content: { ...content, bytes: content.bytes + 1 } },
      { ...blob, stored: { ...stored, bytes: stored.bytes + 1 } },
    ]) {
      await expect(verifyBlob(storage, wrong)).rejects.toMatchObject({ code: 'ChecksumMismatch', subject: blob.key })
    }
  })

  test('no more comes out than the manifest says, whatever is in there', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(200 << 20))
    await writeFile(join(place.path, blob.key), bomb)
    let bytes = 0
    const read = async () => {
      for await (const chunk of readBlob(storage, { ...blob, stored: digestOf(bomb) })) bytes += chunk.byteLength
    }
    await expect(read()).rejects.toMatchObject({ code: 'ChecksumMismatch' })
    expect(bytes).toBeLessThanOrEqual(content.length)
  })

  test('a blob that wants more memory than ours do is refused', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 }
    const large = createZstdCompress({ params })
    large.end(Buffer.alloc(20 << 20))
    const greedy = await bytesOf(large)
    await writeFile(join(place.path, blob.key), greedy)
    const named = { ...blob, stored: digestOf(greedy), content: digestOf(Buffer.alloc(20 << 20)) }
    await expect(verifyBlob(storage, named)).rejects.toMatchObject({ code: 'ChecksumMismatch' })
  })

  async function expectMismatch(): Promise<void> {
    const { bytes } = blob.content
    let seen = 0
    const read = async () => {
      for await (const chunk of readBlob(storage, blob)) seen += chunk.byteLength
    }
    await expect(read()).rejects.toMatchObject({ code: 'ChecksumMismatch', subject: blob.key })
    expect(seen).toBeLessThanOrEqual(bytes)
  }
})

describe('a codec that errs', () => {
  const content = contentOf('codec', 400_000)

  test('is found when it makes other content', async () => {
    await using roundTrip = new RoundTrip(createZstdDecompress())
    for await (const chunk of chunksOf(zstdCompressSync(contentOf('other', 400_000)), 1000)) await roundTrip.add(chunk)
    expect(await roundTrip.finish(digestOf(content))).toBe(false)
  })

  test('is found when nothing can be made of it', async () => {
    await using roundTrip = new RoundTrip(createZstdDecompress())
    for await (const chunk of chunksOf(content, 1000)) await roundTrip.add(chunk)
    expect(await roundTrip.finish(digestOf(content))).toBe(false)
  })

  test('is found when it stops early', async () => {
    await using roundTrip = new RoundTrip(createZstdDecompress())
    await roundTrip.add(zstdCompressSync(content).subarray(0, -8))
    expect(await roundTrip.finish(digestOf(content))).toBe(false)
  })

  test('one that does not err passes', async () => {
    await using roundTrip = new RoundTrip(createZstdDecompress())
    for await (const chunk of chunksOf(zstdCompressSync(content), 1000)) await roundTrip.add(chunk)
    expect(await roundTrip.finish(digestOf(content))).toBe(true)
  })
})

async function* takeThenFail(source: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let i = 0
  for await (const chunk of source) {
    if (i++ === count) throw new Error('enough')
    yield chunk
  }
}

function digestOf(bytes: Uint8Array): Blob['content'] {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
}
