import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Blob } from '../../src/image/segment.ts'
import { readBlob, readFrames, readTrailer, verifyBlob, writeBlob } from '../../src/storage/blob.ts'
import { digestOf } from '../../src/storage/digester.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import {
  decodeFrames,
  decodesTo,
  encodeFrame,
  encodeTrailer,
  FRAME_BYTES,
  MalformedFrames,
} from '../../src/storage/frames.ts'
import type { Frame } from '../../src/storage/frames.ts'
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

  test('a range of the content is read with the frames it lies in, and no others', async () => {
    const content = contentOf('range', 3 * FRAME_BYTES + 500_000)
    let frames: readonly Frame[] = []
    const blob = await writeBlob(storage, 'x', chunksOf(content), {
      trailer: (all) => {
        frames = all
        return undefined
      },
    })
    expect(frames).toHaveLength(4)
    expect(frames.reduce((sum, { storedBytes }) => sum + storedBytes, 0)).toBe(blob.stored.bytes)
    const offset = fc.oneof(
      fc.integer({ min: 0, max: content.length }),
      fc.constantFrom(0, FRAME_BYTES, 2 * FRAME_BYTES, content.length),
    )
    await fc.assert(
      fc.asyncProperty(offset, offset, async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        const read = await bytesOf(readFrames(storage, blob, frames, range))
        expect(read.equals(content.subarray(range.start, range.end))).toBe(true)
      }),
      { numRuns: 40 },
    )
    // What no range needs may be damaged.
    await flipAt(blob, (frames[0]?.storedBytes ?? 0) + 50)
    const range = { start: 2 * FRAME_BYTES, end: 2 * FRAME_BYTES + 10 }
    expect(await bytesOf(readFrames(storage, blob, frames, range))).toHaveLength(10)
    await expect(bytesOf(readFrames(storage, blob, frames, { start: 0, end: content.length }))).rejects.toMatchObject({
      code: 'ChecksumMismatch',
      subject: 'x',
    })
  })

  test('what is stored behind the content comes back, and does not get into the content', async () => {
    const content = contentOf('content', 200_000)
    for (const trailer of [Buffer.from('behind'), Buffer.alloc(0), contentOf('trailer', 300_000)]) {
      const blob = await writeBlob(storage, `x${trailer.length}`, chunksOf(content), { trailer: () => trailer })
      const stored = await readFile(join(place.path, blob.key))
      expect(blob.stored).toEqual(digestOf(stored))
      expect((await readTrailer(storage, blob, digestOf(trailer))).equals(trailer)).toBe(true)
      expect((await bytesOf(readBlob(storage, blob))).equals(content)).toBe(true)
      await expect(readTrailer(storage, blob, digestOf(Buffer.from('other')))).rejects.toMatchObject({
        code: 'ChecksumMismatch',
        subject: blob.key,
      })
    }
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
    const bomb = inFrame(zstdCompressSync(Buffer.alloc(200 << 20)))
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
    large.end(Buffer.alloc(500_000))
    const greedy = inFrame(await bytesOf(large))
    await writeFile(join(place.path, blob.key), greedy)
    const named = { ...blob, stored: digestOf(greedy), content: digestOf(Buffer.alloc(500_000)) }
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

  test('is found when it makes other content, nothing, or too little of it', async () => {
    const frame = await encodeFrame(content, 1)
    expect(await decodesTo(frame, content)).toBe(true)
    expect(await decodesTo(await encodeFrame(contentOf('other', 400_000), 1), content)).toBe(false)
    expect(await decodesTo(contentOf('no frame', 400_000), content)).toBe(false)
    expect(await decodesTo(frame.subarray(0, -8), content)).toBe(false)
  })
})

describe('frames', () => {
  test('that claim to be larger than any are refused before they are collected', async () => {
    const frame = await encodeFrame(Buffer.from('x'), 1)
    for (const [at, value] of [
      [8, 0xff_ff_ff_ff],
      [4, 5],
      [0, 0x18_4d_2a_52],
    ] as const) {
      const forged = Buffer.from(frame)
      forged.writeUInt32LE(value, at)
      await expect(partsOf([forged])).rejects.toThrow(MalformedFrames)
    }
    const trailer = encodeTrailer(Buffer.from('x'))
    trailer.writeUInt32LE(0xff_ff_ff_ff, 4)
    await expect(partsOf([trailer])).rejects.toThrow(MalformedFrames)
  })

  test('behind a trailer are refused, and parts of frames', async () => {
    const frame = await encodeFrame(Buffer.from('x'), 1)
    const trailer = encodeTrailer(Buffer.from('y'))
    expect(await partsOf([frame, trailer])).toEqual(['content x', 'trailer y'])
    expect(await partsOf(chunksOf(Buffer.concat([frame, frame, trailer]), 1))).toEqual([
      'content x',
      'content x',
      'trailer y',
    ])
    for (const wrong of [[trailer, frame], [frame.subarray(0, -1)], [frame, trailer.subarray(0, 5)]]) {
      await expect(partsOf(wrong)).rejects.toThrow(MalformedFrames)
    }
  })

  async function partsOf(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string[]> {
    async function* stored(): AsyncGenerator<Uint8Array> {
      yield* chunks
    }
    const parts: string[] = []
    for await (const { kind, bytes } of decodeFrames(stored())) parts.push(`${kind} ${bytes.toString()}`)
    return parts
  }
})

/** Makes a frame of what zstd gave. */
function inFrame(zstd: Buffer): Buffer {
  const header = Buffer.from('502a4d180400000000000000', 'hex')
  header.writeUInt32LE(zstd.length, 8)
  return Buffer.concat([header, zstd])
}

async function flipAt({ key }: Blob, at: number): Promise<void> {
  const stored = await readFile(join(place.path, key))
  stored[at] = (stored[at] ?? 0) ^ 1
  await writeFile(join(place.path, key), stored)
}

async function* takeThenFail(source: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let i = 0
  for await (const chunk of source) {
    if (i++ === count) throw new Error('enough')
    yield chunk
  }
}
