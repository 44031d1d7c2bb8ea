import { execa } from 'execa'
import fc from 'fast-check'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, inject, test } from 'vitest'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, chunksOf, collect, contentOf, errorOf, keysOf } from './content.ts'
import type { WriterTask } from './writer.fixture.ts'

const IS_FULL = inject('tier') === 'full'
/** Objects in a large listing. */
const MANY = IS_FULL ? 100_000 : 10_000
/** How often a writer is killed. */
const KILLS = IS_FULL ? 100 : 8

/** One empty storage, for one test. */
export interface StorageUnderTest extends AsyncDisposable {
  readonly storage: Storage
  /** The same place once more, as another process would open it. */
  readonly again: Storage
  /** For `openLocation` in another process. */
  readonly location: string
  /** Puts empty objects there without the storage's help: writing so many durably takes minutes. */
  fillWith(keys: readonly string[]): Promise<void>
}

/** What every storage promises: each sentence of the contract of `Storage`, as a test. */
export function testStorage(name: string, create: () => Promise<StorageUnderTest>): void {
  describe(name, () => {
    describe('reading and writing', () => {
      test.each([0, 1, 65_536, 3_000_001])('gives back an object of %i bytes', async (bytes) => {
        await using place = await create()
        const content = contentOf('a', bytes)
        expect(await place.storage.write('some/object', chunksOf(content))).toEqual({ key: 'some/object', bytes })
        expect((await bytesOf(place.storage.read('some/object'))).equals(content)).toBe(true)
        expect(await place.storage.stat('some/object')).toEqual({ key: 'some/object', bytes })
      })

      test('takes a plain array as a body, and empty chunks', async () => {
        await using place = await create()
        await place.storage.write('x', [Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')])
        expect(String(await bytesOf(place.storage.read('x')))).toBe('ab')
      })

      test('reads any range, as far as the object goes', async () => {
        await using place = await create()
        const content = contentOf('r', 600_000)
        await place.storage.write('x', [content])
        const offset = fc.integer({ min: 0, max: 700_000 })
        await fc.assert(
          fc.asyncProperty(offset, offset, async (a, b) => {
            const range = { start: Math.min(a, b), end: Math.max(a, b) }
            const read = await bytesOf(place.storage.read('x', { range }))
            expect(read.equals(content.subarray(range.start, range.end))).toBe(true)
          }),
          { numRuns: 40 },
        )
      })

      test.each([
        { start: -1, end: 5 },
        { start: 5, end: 4 },
        { start: 0.5, end: 4 },
        { start: Number.NaN, end: 4 },
        { start: 0, end: Number.NaN },
      ])('refuses the range %o', async (range) => {
        await using place = await create()
        await place.storage.write('x', [Buffer.from('abc')])
        await expect(bytesOf(place.storage.read('x', { range }))).rejects.toMatchObject({ code: 'InvalidArgument' })
      })

      test('says which object is missing', async () => {
        await using place = await create()
        for (const key of ['nothing', 'not/here']) {
          const missing = { code: 'ObjectMissing', details: { key } }
          await expect(bytesOf(place.storage.read(key))).rejects.toMatchObject(missing)
          await expect(bytesOf(place.storage.read(key, { range: { start: 0, end: 0 } }))).rejects.toMatchObject(missing)
          expect(await place.storage.stat(key)).toBeUndefined()
        }
      })

      test('a folder of objects is no object', async () => {
        await using place = await create()
        await place.storage.write('a/b', [])
        expect(await place.storage.stat('a')).toBeUndefined()
        await expect(bytesOf(place.storage.read('a'))).rejects.toMatchObject({ code: 'ObjectMissing' })
        await place.storage.delete('a')
        expect(await keysOf(place.storage)).toEqual(['a/b'])
      })

      test('a reader that leaves early holds nothing open', async () => {
        await using place = await create()
        await place.storage.write('x', [contentOf('x', 2_000_000)])
        for (let i = 0; i < 2000; i++) for await (const _ of place.storage.read('x')) break
        expect(await place.storage.stat('x')).toEqual({ key: 'x', bytes: 2_000_000 })
      })

      test('what one has written the others see', async () => {
        await using place = await create()
        await place.storage.write('a/b', [Buffer.from('c')])
        expect(await keysOf(place.again)).toEqual(['a/b'])
        expect(await place.again.stat('a/b')).toEqual({ key: 'a/b', bytes: 1 })
        expect(String(await bytesOf(place.again.read('a/b')))).toBe('c')
        await place.again.delete('a/b')
        expect(await place.storage.stat('a/b')).toBeUndefined()
      })
    })

    describe('deleting', () => {
      test('removes an object and nothing else; the key can be used again', async () => {
        await using place = await create()
        await place.storage.write('a/b', [Buffer.from('1')])
        await place.storage.write('a/c', [Buffer.from('2')])
        await place.storage.delete('a/b')
        expect(await keysOf(place.storage)).toEqual(['a/c'])
        await place.storage.write('a/b', [Buffer.from('other')])
        expect(String(await bytesOf(place.storage.read('a/b')))).toBe('other')
      })

      test('resolves when there is nothing', async () => {
        await using place = await create()
        await expect(place.storage.delete('a')).resolves.toBeUndefined()
        await expect(place.storage.delete('a/b/c')).resolves.toBeUndefined()
      })

      test('a writer beside it gets its object in', async () => {
        await using place = await create()
        for (let i = 0; i < 50; i++) {
          await place.storage.write('a/b/c/old', [])
          await Promise.all([place.storage.delete('a/b/c/old'), place.again.write('a/b/c/new', [])])
          expect(await keysOf(place.storage)).toEqual(['a/b/c/new'])
          await place.storage.delete('a/b/c/new')
        }
      })
    })

    describe('listing', () => {
      test('is in ascending order of whole keys, whatever the names', async () => {
        const name = fc.stringMatching(/^[ab._=-]{1,3}$/).filter((text) => !/^\.\.?$/.test(text))
        const key = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
        await fc.assert(
          fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 12 }), async (candidates) => {
            // A folder cannot hold an object at the key of a folder, and no archive has such keys.
            const keys = candidates.filter((each) => !candidates.some((other) => other.startsWith(`${each}/`)))
            await using place = await create()
            await place.fillWith(keys)
            expect(await keysOf(place.storage)).toEqual(keys.toSorted())
          }),
          { numRuns: 60 },
        )
      })

      test('takes whole key segments as a prefix', async () => {
        await using place = await create()
        await place.fillWith(['a', 'a-b/1', 'ab/1', 'c/d/1', 'c/d/2', 'c/de/1'])
        expect(await keysOf(place.storage, 'c/')).toEqual(['c/d/1', 'c/d/2', 'c/de/1'])
        expect(await keysOf(place.storage, 'c/d/')).toEqual(['c/d/1', 'c/d/2'])
        expect(await keysOf(place.storage, 'a/')).toEqual([])
        expect(await keysOf(place.storage, 'nothing/')).toEqual([])
        expect(await keysOf(place.storage, 'c/d/1/')).toEqual([])
      })

      test('gives sizes', async () => {
        await using place = await create()
        await place.storage.write('a/b', [Buffer.alloc(5)])
        expect(await collect(place.storage.list('a/'))).toEqual([{ key: 'a/b', bytes: 5 }])
      })

      test(`lists ${MANY} objects in order, and nothing when nobody goes on`, { timeout: 120_000 }, async () => {
        await using place = await create()
        const keys = Array.from({ length: MANY }, (_, i) => `a/${i % 10}/${String(i).padStart(6, '0')}`)
        await place.fillWith(keys)
        const sorted = keys.toSorted()
        let i = 0
        for await (const { key } of place.storage.list('a/')) if (key !== sorted[i++]) throw new Error(`${key} at ${i}`)
        expect(i).toBe(MANY)
        for await (const { key } of place.storage.list('')) {
          expect(key).toBe(sorted[0])
          break
        }
      })
    })

    describe('written once', () => {
      test('the same bytes again are no error', async () => {
        await using place = await create()
        const content = contentOf('same', 700_000)
        await place.storage.write('x', chunksOf(content))
        expect(await place.again.write('x', chunksOf(content, 1000))).toEqual({ key: 'x', bytes: 700_000 })
      })

      test.each([
        ['of another size', contentOf('other', 700_001)],
        ['of the same size', contentOf('other', 700_000)],
        ['that are a part', contentOf('same', 699_999)],
        ['that are none', Buffer.alloc(0)],
      ])('bytes %s are a conflict and leave the first object alone', async (_, other) => {
        await using place = await create()
        const content = contentOf('same', 700_000)
        await place.storage.write('x', chunksOf(content))
        const conflict = { code: 'ObjectConflict', details: { key: 'x' } }
        await expect(place.again.write('x', chunksOf(other))).rejects.toMatchObject(conflict)
        expect((await bytesOf(place.storage.read('x'))).equals(content)).toBe(true)
      })

      test('of many writers at a time one wins', async () => {
        await using place = await create()
        const write = async (seed: number) => place.storage.write('a/x', chunksOf(contentOf(String(seed), 300_000)))
        const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8].map(write))
        const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [String(i + 1)] : []))
        expect(winners).toHaveLength(1)
        expect((await bytesOf(place.storage.read('a/x'))).equals(contentOf(winners[0] ?? '', 300_000))).toBe(true)
        const losers = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
        expect(losers).toEqual(losers.map(() => expect.objectContaining({ code: 'ObjectConflict' })))
      })

      test('many writers of the same bytes all succeed', async () => {
        await using place = await create()
        const write = async () => place.storage.write('a/x', chunksOf(contentOf('same', 300_000)))
        await expect(Promise.all([write(), write(), write(), write()])).resolves.toHaveLength(4)
      })

      test('of two processes one wins, for each of 100 objects', { timeout: 60_000 }, async () => {
        await using place = await create()
        const keys = Array.from({ length: 100 }, (_, i) => `race/${i % 7}/${i}`)
        const tasks = ['left', 'right'].map((seed): WriterTask => ({ keys, bytes: 20_000, seed }))
        const writers = tasks.map((task) => startWriter(place.location, task, { WAIT_FOR_START: '1' }))
        await Promise.all(writers.map(async ({ stdout }) => once(stdout, 'data')))
        for (const { stdin } of writers) stdin.end('go\n')
        const [left = [], right = []] = await Promise.all(writers.map(async (writer) => linesOf((await writer).stdout)))
        for (const key of keys) {
          const [winner] = left.includes(`${key} written`) ? ['left'] : ['right']
          expect([left, right].filter((lines) => lines.includes(`${key} written`))).toHaveLength(1)
          expect(
            [left, right].filter((lines) => lines.some((line) => line.startsWith(`${key} ObjectConflict`))),
          ).toHaveLength(1)
          expect((await bytesOf(place.storage.read(key))).equals(contentOf(`${winner}${key}`, 20_000))).toBe(true)
        }
      })
    })

    describe('all or nothing', () => {
      test('a body that throws leaves nothing, and its error is passed on as it is', async () => {
        await using place = await create()
        const failure = new Error('the server went away')
        async function* body(): AsyncGenerator<Uint8Array> {
          yield contentOf('x', 1_000_000)
          throw failure
        }
        expect(await errorOf(place.storage.write('a/x', body()))).toBe(failure)
        expect(await keysOf(place.storage)).toEqual([])
        await place.storage.write('a/x', [Buffer.from('now')])
        expect(await keysOf(place.storage)).toEqual(['a/x'])
      })

      test('nothing is visible before the last byte', async () => {
        await using place = await create()
        async function* body(): AsyncGenerator<Uint8Array> {
          yield contentOf('x', 1_000_000)
          expect(await keysOf(place.again)).toEqual([])
          expect(await place.again.stat('x')).toBeUndefined()
          yield contentOf('y', 1_000_000)
          expect(await keysOf(place.again)).toEqual([])
        }
        await place.storage.write('x', body())
        expect(await place.again.stat('x')).toEqual({ key: 'x', bytes: 2_000_000 })
      })

      test('a writer that is killed at any moment leaves whole objects only', { timeout: 120_000 }, async () => {
        await using place = await create()
        const bytes = 1_500_000
        const keys = Array.from({ length: 400 }, (_, i) => `killed/${String(i).padStart(3, '0')}`)
        for (let round = 0; round < KILLS; round++) {
          const writer = startWriter(place.location, { keys: keys.slice(round * 10), bytes, seed: '' })
          await once(writer.stdout, 'data')
          await sleep(Math.random() * 120)
          writer.kill('SIGKILL')
          const acknowledged = linesOf((await writer).stdout).filter((line) => line.endsWith(' written'))
          const listed = await collect(place.storage.list(''))
          expect(listed.filter((object) => object.bytes !== bytes)).toEqual([])
          const present = new Set(listed.map(({ key }) => `${key} written`))
          expect(acknowledged.filter((line) => !present.has(line))).toEqual([])
        }
        for await (const { key } of place.storage.list('')) {
          expect((await bytesOf(place.storage.read(key))).equals(contentOf(key, bytes))).toBe(true)
        }
      })
    })

    describe('cancelling', () => {
      test('an aborted signal stops every operation before it does anything', async () => {
        await using place = await create()
        const signal = AbortSignal.abort(new Error('enough'))
        let consumed = false
        async function* body(): AsyncGenerator<Uint8Array> {
          consumed = true
          yield Buffer.alloc(1)
        }
        const operations = [
          place.storage.write('x', body(), { signal }),
          bytesOf(place.storage.read('x', { signal })),
          place.storage.stat('x', { signal }),
          place.storage.delete('x', { signal }),
          collect(place.storage.list('', { signal })),
        ]
        for (const operation of operations) await expect(operation).rejects.toMatchObject({ code: 'Aborted' })
        expect(consumed).toBe(false)
        expect(await keysOf(place.storage)).toEqual([])
      })

      test('stops a write whose body keeps it waiting, and leaves nothing', async () => {
        await using place = await create()
        const controller = new AbortController()
        async function* body(): AsyncGenerator<Uint8Array> {
          yield contentOf('x', 1_000_000)
          controller.abort()
          await new Promise(() => {})
        }
        const write = place.storage.write('x', body(), { signal: controller.signal })
        await expect(write).rejects.toMatchObject({ code: 'Aborted' })
        expect(await keysOf(place.storage)).toEqual([])
      })

      test('stops at the next chunk, and the body is told', async () => {
        await using place = await create()
        const controller = new AbortController()
        let closed = false
        async function* body(): AsyncGenerator<Uint8Array> {
          try {
            for (let i = 0; ; i++) {
              if (i === 10) controller.abort()
              yield Buffer.alloc(1000)
            }
          } finally {
            closed = true
          }
        }
        const write = place.storage.write('x', body(), { signal: controller.signal })
        await expect(write).rejects.toMatchObject({ code: 'Aborted' })
        await sleep(10)
        expect(closed).toBe(true)
      })

      test('stops a read and a listing on their way', async () => {
        await using place = await create()
        await place.storage.write('x', [contentOf('x', 3_000_000)])
        await place.fillWith(Array.from({ length: 500 }, (_, i) => `many/${i}`))
        for (const start of [
          (signal: AbortSignal) => place.storage.read('x', { signal }),
          (signal: AbortSignal) => place.storage.list('many/', { signal }),
        ]) {
          const controller = new AbortController()
          const consume = async () => {
            for await (const _ of start(controller.signal)) controller.abort()
          }
          await expect(consume()).rejects.toMatchObject({ code: 'Aborted' })
        }
      })
    })

    describe('keys', () => {
      const BAD = [
        '',
        '/',
        'a/',
        '/a',
        'a//b',
        '.',
        '..',
        '../a',
        'a/../b',
        'a/.',
        'a b',
        'a\\b',
        'a\0',
        'ä',
        '~tmp/x',
        'a\n',
      ]
      const CASES: readonly (readonly [name: string, key: string])[] = [
        ...BAD.map((key) => [JSON.stringify(key), key] as const),
        ['a name of 256 characters', 'a'.repeat(256)],
        ['a key of 1,499 characters', Array.from({ length: 300 }, () => 'abcd').join('/')],
      ]

      test.each(CASES)('%s is none', async (_, key) => {
        await using place = await create()
        await expectRefused(place.storage, key)
      })

      test('anything outside the alphabet is refused, anything inside is taken', async () => {
        await using place = await create()
        await fc.assert(
          fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 20 }), async (key) => {
            const valid = key
              .split('/')
              .every((name) => /^[A-Za-z0-9._=-]+$/.test(name) && name !== '.' && name !== '..')
            const found = await errorOf(place.storage.stat(key))
            expect(found).toMatchObject(valid ? { message: 'it did not fail' } : { code: 'InvalidArgument' })
            if (!valid) await expectRefused(place.storage, key)
          }),
          { numRuns: 300 },
        )
      })

      test.each(['...', '-', '=', '.hidden', 'a.b-c_d=e/0', 'n'.repeat(255)])('%.20s is one', async (key) => {
        await using place = await create()
        await place.storage.write(key, [Buffer.from('x')])
        expect(await keysOf(place.storage)).toEqual([key])
      })

      test.each(['a', '/', 'a/b', 'a//', '../', './', 'ä/'])('%j is no prefix', async (prefix) => {
        await using place = await create()
        await expect(keysOf(place.storage, prefix)).rejects.toMatchObject({ code: 'InvalidArgument' })
      })
    })
  })
}

async function expectRefused(storage: Storage, key: string): Promise<void> {
  const refused = { code: 'InvalidArgument' }
  await expect(storage.write(key, [])).rejects.toMatchObject(refused)
  await expect(bytesOf(storage.read(key))).rejects.toMatchObject(refused)
  await expect(storage.stat(key)).rejects.toMatchObject(refused)
  await expect(storage.delete(key)).rejects.toMatchObject(refused)
}

function startWriter(location: string, task: WriterTask, env: Readonly<Record<string, string>> = {}) {
  const script = new URL('writer.fixture.ts', import.meta.url).pathname
  return execa(process.execPath, [script, location, JSON.stringify(task)], { env, reject: false })
}

function linesOf(output: unknown): string[] {
  return String(output).split('\n')
}
