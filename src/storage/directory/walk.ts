import { lstatSync } from 'node:fs'
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '../../options.ts'
import { isKeySegment } from '../keys.ts'
import type { StoredObject } from '../storage.ts'
import { guarded, hasCode, notPlain, systemFailure } from './failures.ts'
import type { Folders } from './folders.ts'

/** How many files are looked at together: keeps Node's four file system threads busy. */
const STAT_BATCH = 64

/** A batch that took longer came from a slow disk or over a network: this process must not stand still for the next one. */
const QUICK_BATCH_MS = 10

/** All objects in a folder (a prefix without its last `/`; empty for the root), in ascending order of keys. Holds the names of one folder a level. */
export async function* walk(
  folders: Folders,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  /** What is still to be looked at, the next one last. */
  const left: Entry[] = [{ key: folder, isFolder: true }]
  // A file system that answers from memory is asked directly: Node's threads cost three times as much as the answers.
  let isQuick = false
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    await setImmediate()
    throwIfAborted(signal, `listing ${folders.root}`)
    if (next.isFolder) {
      for (const entry of await entriesInReverse(folders, next.key)) left.push(entry)
      continue
    }
    const keys = [next.key, ...takeFiles(left, STAT_BATCH - 1)]
    const startedAt = performance.now()
    const looks = isQuick
      ? keys.map((key) => lookNow(folders, key))
      : await Promise.all(keys.map((key) => look(folders, key)))
    isQuick = performance.now() - startedAt < QUICK_BATCH_MS
    for (const each of looks) {
      const object = toObject(each)
      if (object !== undefined) yield object
    }
  }
}

interface Entry {
  readonly key: string
  readonly isFolder: boolean
}

async function entriesInReverse(folders: Folders, folder: string): Promise<Entry[]> {
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
  const entries = found.filter(({ name }) => isKeySegment(name)).map((entry) => toEntry(entry, folder, path))
  // As whole keys sort: what is in a folder continues with "/".
  const sortKey = ({ key, isFolder }: Entry) => (isFolder ? `${key}/` : key)
  return entries.toSorted((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1))
}

function toEntry(entry: Dirent, folder: string, path: string): Entry {
  if (!entry.isFile() && !entry.isDirectory()) throw notPlain(`${path}/${entry.name}`)
  return { key: folder === '' ? entry.name : `${folder}/${entry.name}`, isFolder: entry.isDirectory() }
}

/** Takes the next files, up to a folder. */
function takeFiles(left: Entry[], limit: number): string[] {
  const keys: string[] = []
  while (keys.length < limit && left.at(-1)?.isFolder === false) keys.push(left.pop()?.key ?? '')
  return keys
}

/** Size of the object at a key, or undefined; the folders above it are not looked at. */
export async function statObject(folders: Folders, key: string): Promise<StoredObject | undefined> {
  return toObject(await look(folders, key))
}

/** What stands at a key, or why that cannot be said. */
interface Look {
  readonly key: string
  readonly path: string
  readonly found: Stats | { readonly error: unknown }
}

async function look(folders: Folders, key: string): Promise<Look> {
  const path = folders.path(key)
  return { key, path, found: await lstat(path).catch((error: unknown) => ({ error })) }
}

function lookNow(folders: Folders, key: string): Look {
  const path = folders.path(key)
  try {
    return { key, path, found: lstatSync(path) }
  } catch (error) {
    return { key, path, found: { error } }
  }
}

function toObject({ key, path, found }: Look): StoredObject | undefined {
  if ('error' in found) {
    if (hasCode(found.error, 'ENOENT', 'ENOTDIR')) return undefined
    throw systemFailure('look at', path, found.error)
  }
  if (found.isDirectory()) return undefined
  if (!found.isFile()) throw notPlain(path)
  return { key, bytes: found.size }
}
