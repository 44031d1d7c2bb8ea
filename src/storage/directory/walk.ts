import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { throwIfAborted } from '../../options.ts'
import { isKeySegment } from '../keys.ts'
import type { StoredObject } from '../storage.ts'
import { guarded, hasCode, notPlain } from './failures.ts'
import type { Folders } from './folders.ts'

/** How many files are looked at together: keeps Node's four file system threads busy. */
const STAT_BATCH = 64

/** All objects in a folder (a prefix without its last `/`; empty for the root), in ascending order of keys. Holds the names of one folder a level. */
export async function* walk(
  folders: Folders,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  let files: string[] = []
  for (const { name, isFolder } of await entriesOf(folders, folder, signal)) {
    const key = folder === '' ? name : `${folder}/${name}`
    if (!isFolder) files.push(key)
    if (files.length < STAT_BATCH && !isFolder) continue
    yield* await sizesOf(folders, files, signal)
    files = []
    if (isFolder) yield* walk(folders, key, signal)
  }
  yield* await sizesOf(folders, files, signal)
}

interface Entry {
  readonly name: string
  readonly isFolder: boolean
}

async function entriesOf(folders: Folders, folder: string, signal: AbortSignal | undefined): Promise<Entry[]> {
  throwIfAborted(signal, `listing ${folders.root}`)
  const path = folders.path(folder)
  const found = await guarded('list', path, async () => {
    try {
      return await readdir(path, { withFileTypes: true })
    } catch (error) {
      // Removed since its parent was read; or no folder but an object, which has nothing below.
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
      throw error
    }
  })
  const entries = found.filter(({ name }) => isKeySegment(name)).map((entry) => toEntry(entry, path))
  // As whole keys sort: what is in a folder continues with "/".
  const sortKey = (entry: Entry) => (entry.isFolder ? `${entry.name}/` : entry.name)
  return entries.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function toEntry(entry: Dirent, path: string): Entry {
  if (!entry.isFile() && !entry.isDirectory()) throw notPlain(`${path}/${entry.name}`)
  return { name: entry.name, isFolder: entry.isDirectory() }
}

async function sizesOf(
  folders: Folders,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<StoredObject[]> {
  throwIfAborted(signal, `listing ${folders.root}`)
  const found = await Promise.all(keys.map((key) => statObject(folders, key)))
  return found.filter((object) => object !== undefined)
}

/** Size of the object at a key, or undefined; the folders above it are not looked at. */
export async function statObject(folders: Folders, key: string): Promise<StoredObject | undefined> {
  const path = folders.path(key)
  return guarded('look at', path, async () => {
    try {
      const found = await lstat(path)
      if (found.isDirectory()) return undefined
      if (!found.isFile()) throw notPlain(path)
      return { key, bytes: found.size }
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  })
}
