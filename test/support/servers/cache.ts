import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isCode, withLock } from './lock.ts'

/** What is made once per checkout and kept: unpacked programs, initialised data directories. `npm ci` empties it. */
const CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache/mysql-pitr')

/**
 * The path of a folder of the cache, made by `fill` when it is missing. Safe against other processes: one of them
 * fills a temporary folder beside it and renames it, so a folder that is there is complete.
 *
 * @param name what the folder is, for people.
 * @param recipe all that its content depends on: another recipe is another folder.
 */
export async function cachedFolder(
  name: string,
  recipe: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const id = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 10)
  const folder = join(CACHE, `${name}-${id}`)
  if (await exists(folder)) return folder
  await mkdir(CACHE, { recursive: true })
  return withLock(`${folder}.lock`, async () => {
    if (await exists(folder)) return folder
    const draft = await mkdtemp(`${folder}.tmp-`)
    try {
      await fill(draft)
      await rename(draft, folder)
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
    return folder
  })
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}
