import { execa } from 'execa'
import { chmod, chown, link, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ABANDONED_AFTER_MS } from '../../src/storage/directory/temporary-files.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, chunksOf, contentOf, errorOf, keysOf } from './content.ts'
import { temporaryPlace } from './temporary-place.ts'

const isRoot = process.getuid?.() === 0

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

describe('the folder', () => {
  test('reading makes nothing', async () => {
    expect(await keysOf(storage)).toEqual([])
    expect(await storage.stat('archive.json')).toBeUndefined()
    await expect(bytesOf(storage.read('archive.json'))).rejects.toMatchObject({ code: 'ObjectMissing' })
    await storage.delete('archive.json')
    expect(await readdir(place.path)).toEqual([])
  })

  test('the first write makes it, but not the folder above it', async () => {
    await storage.write('a', [])
    expect(await readdir(place.path)).toEqual(['archive'])
    const deeper = directoryStorage(join(place.path, 'mistyped', 'archive'))
    await expect(deeper.write('a', [])).rejects.toMatchObject({ code: 'StorageFailed', details: { code: 'ENOENT' } })
    expect(await readdir(place.path)).toEqual(['archive'])
  })

  test('one that disappears is an unmounted disk, not an empty archive', async () => {
    await storage.write('a', [])
    await rm(root, { recursive: true })
    const failed = { code: 'StorageFailed', subject: root }
    await expect(storage.write('a', [])).rejects.toMatchObject(failed)
    await expect(storage.stat('a')).rejects.toMatchObject(failed)
    await expect(keysOf(storage)).rejects.toMatchObject(failed)
    expect(await readdir(place.path)).toEqual([])
  })

  test('a file is none', async () => {
    await writeFile(root, '')
    await expect(storage.write('a', [])).rejects.toMatchObject({ code: 'StorageFailed', subject: root })
    await expect(storage.stat('a')).rejects.toMatchObject({ code: 'StorageFailed', subject: root })
  })

  test('an empty path or one with a null character is refused', () => {
    for (const path of ['', 'a\0b']) {
      expect(() => directoryStorage(path)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
    }
  })

  test('an object cannot lie below another, nor at a folder', async () => {
    await storage.write('a/b', [])
    await expect(storage.write('a', [])).rejects.toMatchObject({ code: 'StorageFailed' })
    await expect(storage.write('a/b/c', [])).rejects.toMatchObject({ code: 'StorageFailed' })
    expect(await keysOf(storage)).toEqual(['a/b'])
  })

  test('deleting leaves no empty folders', async () => {
    await storage.write('a/b/c/d', [])
    await storage.write('a/e', [])
    await storage.delete('a/b/c/d')
    expect(await readdir(join(root, 'a'))).toEqual(['e'])
  })

  test('only its owner can read what is in it', async () => {
    const umask = process.umask(0)
    try {
      await storage.write('a/b', [Buffer.from('secret')])
    } finally {
      process.umask(umask)
    }
    for (const folder of [root, join(root, 'a'), join(root, '~tmp')]) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700)
    }
    expect((await stat(join(root, 'a/b'))).mode & 0o777).toBe(0o600)
  })

  test('what is no key is no object', async () => {
    await storage.write('a', [])
    await mkdir(join(root, 'lost+found'))
    await writeFile(join(root, 'a b'), '')
    expect(await keysOf(storage)).toEqual(['a'])
  })
})

describe('links and special files', () => {
  test('the folder itself may be a link', async () => {
    await mkdir(root)
    await symlink(root, join(place.path, 'link'))
    const linked = directoryStorage(join(place.path, 'link'))
    await linked.write('a/b', [Buffer.from('x')])
    expect(String(await bytesOf(linked.read('a/b')))).toBe('x')
    expect(await keysOf(storage)).toEqual(['a/b'])
  })

  test.each([
    ['to a file', 'outside.txt'],
    ['to nothing', 'nothing'],
  ])('a link %s in place of an object is refused', async (_, target) => {
    await mkdir(root)
    await writeFile(join(place.path, 'outside.txt'), 'outside')
    await symlink(join(place.path, target), join(root, 'a'))
    await expectRefused('a')
    await expect(keysOf(storage)).rejects.toMatchObject({ code: 'StorageFailed' })
    expect(await readFile(join(place.path, 'outside.txt'), 'utf8')).toBe('outside')
    expect(await readdir(place.path)).toHaveLength(2)
  })

  test('a link in place of a folder is refused', async () => {
    await mkdir(root)
    await mkdir(join(place.path, 'outside'))
    await writeFile(join(place.path, 'outside/b'), 'outside')
    await symlink(join(place.path, 'outside'), join(root, 'a'))
    await expectRefused('a/b')
    await expectRefused('a/c', { write: true })
    await expect(keysOf(storage)).rejects.toMatchObject({ code: 'StorageFailed' })
    await expect(keysOf(storage, 'a/')).rejects.toMatchObject({ code: 'StorageFailed' })
    expect(await readdir(join(place.path, 'outside'))).toEqual(['b'])
  })

  test('a link in place of the folder for growing objects is refused', async () => {
    await mkdir(root)
    await mkdir(join(place.path, 'outside'))
    await symlink(join(place.path, 'outside'), join(root, '~tmp'))
    await expectRefused('a', { write: true })
    expect(await readdir(join(place.path, 'outside'))).toEqual([])
  })

  test('a pipe is refused, not waited for', async () => {
    await mkdir(root)
    await system('mkfifo', [join(root, 'a')])
    await expectRefused('a')
  })

  async function expectRefused(key: string, only: { write?: boolean } = {}): Promise<void> {
    const refused = { code: 'StorageFailed' }
    await expect(storage.write(key, [Buffer.from('evil')])).rejects.toMatchObject(refused)
    if (only.write === true) return
    await expect(bytesOf(storage.read(key))).rejects.toMatchObject(refused)
    await expect(storage.stat(key)).rejects.toMatchObject(refused)
    await expect(storage.delete(key)).rejects.toMatchObject(refused)
  }
})

describe('left-over temporary files', () => {
  test('are removed when they are old; younger ones may be growing', async () => {
    const names = ['0', '1', '2'].map((digit) => digit.repeat(32))
    const folder = join(root, '~tmp')
    await mkdir(folder, { recursive: true })
    for (const name of [...names, 'not-ours']) await writeFile(join(folder, name), 'x')
    const daysAgo = (days: number) => new Date(Date.now() - days * ABANDONED_AFTER_MS)
    for (const name of [names[0] ?? '', names[1] ?? '', 'not-ours']) {
      await utimes(join(folder, name), daysAgo(1.01), daysAgo(1.01))
    }
    await utimes(join(folder, names[2] ?? ''), daysAgo(0.9), daysAgo(0.9))
    expect(await keysOf(storage)).toEqual([])
    await storage.write('a', [])
    expect((await readdir(folder)).toSorted()).toEqual([names[2], 'not-ours'])
  })

  test('a published object never loses its bytes with the temporary name it was killed under', async () => {
    await storage.write('a', [Buffer.from('x')])
    const left = join(root, '~tmp', 'f'.repeat(32))
    await link(join(root, 'a'), left)
    await utimes(left, new Date(0), new Date(0))
    await directoryStorage(root).write('b', [])
    expect(await readdir(join(root, '~tmp'))).toEqual([])
    expect(String(await bytesOf(storage.read('a')))).toBe('x')
  })

  test('a writer that lost its file fails and publishes nothing', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x')
      await rm(join(root, '~tmp'), { recursive: true })
    }
    await expect(storage.write('a/b', body())).rejects.toMatchObject({ code: 'StorageFailed' })
    expect(await keysOf(storage)).toEqual([])
  })

  test('there are none after a write, a conflict and a failure', async () => {
    await storage.write('a', [Buffer.from('x')])
    await errorOf(storage.write('a', [Buffer.from('y')]))
    await errorOf(storage.write('a/b', [Buffer.from('y')]))
    await errorOf(storage.write('c', chunksThenError()))
    expect(await readdir(join(root, '~tmp'))).toEqual([])
  })
})

describe('when the system says no', () => {
  const big = 1_000_000
  const script = new URL('writer.fixture.ts', import.meta.url).pathname
  const task = JSON.stringify({ keys: ['big'], bytes: big, seed: '' })

  test('a file larger than the limit', async () => {
    const command = 'ulimit -f 200 && exec "$0" "$@"'
    const { stdout } = await execa('sh', ['-c', command, process.execPath, script, `directory:${root}`, task])
    expect(stdout).toContain('big StorageFailed EFBIG')
    await expectNothingLeft()
  })

  test('a full disk, then one with room again', async ({ skip }) => {
    if (!isRoot) skip('a small file system can be mounted by root only')
    await mkdir(root)
    const mounted = await system('mount', ['-t', 'tmpfs', '-o', 'size=1200k', 'tmpfs', root], { reject: false })
    if (mounted.failed) skip('tmpfs cannot be mounted here')
    try {
      await storage.write('first', [contentOf('x', 700_000)])
      const full = await errorOf(storage.write('second', chunksOf(contentOf('y', big))))
      expect(full).toMatchObject({
        code: 'StorageFailed',
        details: { code: 'ENOSPC' },
        hint: expect.stringContaining('Free some space'),
      })
      expect(await keysOf(storage)).toEqual(['first'])
      expect(await readdir(join(root, '~tmp'))).toEqual([])
      await storage.delete('first')
      await storage.write('second', chunksOf(contentOf('y', big)))
      await system('mount', ['-o', 'remount,ro', root])
      await expect(storage.write('third', [])).rejects.toMatchObject({
        code: 'StorageFailed',
        details: { code: 'EROFS' },
      })
      expect((await bytesOf(storage.read('second'))).equals(contentOf('y', big))).toBe(true)
    } finally {
      await system('umount', [root])
    }
  })

  test('a folder of somebody else', async () => {
    await mkdir(root, { mode: 0o700 })
    await chmod(place.path, 0o755)
    await (isRoot ? chown(root, 0, 0) : chmod(root, 0o000))
    const { stdout } = await execa(process.execPath, [script, `directory:${root}`, task], isRoot ? { uid: 65534 } : {})
    expect(stdout).toContain('big StorageFailed EACCES')
    await chmod(root, 0o700)
    await expectNothingLeft()
  })

  async function expectNothingLeft(): Promise<void> {
    expect(await keysOf(storage)).toEqual([])
    expect((await readdir(root, { recursive: true })).filter((name) => name !== '~tmp')).toEqual([])
  }
})

/** Runs a program of the system. */
async function system(program: string, args: readonly string[], options: { readonly reject?: boolean } = {}) {
  return execa(program, args, options)
}

async function* chunksThenError(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('y')
  throw new Error('no more')
}
