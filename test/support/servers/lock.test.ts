import { execa } from 'execa'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tryLock, withLock } from './lock.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-test-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('one holder at a time, and nothing is left behind', async () => {
  const file = join(folder, 'a.lock')
  const lock = await tryLock(file)
  expect(lock).toBeDefined()
  expect(await tryLock(file)).toBeUndefined()
  await lock?.release()
  expect(await readdir(folder)).toEqual([])
})

test('the lock of a process that died is taken over', async () => {
  const file = join(folder, 'a.lock')
  const { stdout: pidOfTheDead } = await execa('sh', ['-c', 'echo $$'])
  await writeFile(file, pidOfTheDead)
  await using lock = await tryLock(file)
  expect(lock).toBeDefined()
})

test.runIf(process.platform === 'linux')('so is that of one whose number another process has now', async () => {
  const file = join(folder, 'a.lock')
  await writeFile(file, `${process.pid} 1`)
  await using lock = await tryLock(file)
  expect(lock).toBeDefined()
})

test('work under a lock never overlaps, and a failure lets go of it', async () => {
  const file = join(folder, 'a.lock')
  let busy = 0
  const work = async (): Promise<void> => {
    expect(++busy).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    busy--
  }
  await expect(withLock(file, async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  await Promise.all([withLock(file, work), withLock(file, work), withLock(file, work)])
})
