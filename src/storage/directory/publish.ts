import { link } from 'node:fs/promises'
import { dirname } from 'node:path/posix'
import { PitrError } from '../../errors.ts'
import { hasCode, storageFailed } from './failures.ts'
import { openPlainFile, sameBytes } from './file-reader.ts'
import type { Folders } from './folders.ts'
import type { TemporaryFile } from './temporary-files.ts'

/** Folders can be removed, being empty, between making them and linking into them; so often in a row is no accident. */
const ATTEMPTS = 100

/**
 * Gives a finished temporary file its key, durably. Never replaces: when the key is taken, equal bytes resolve and other
 * bytes throw `ObjectConflict`.
 */
export async function publish(folders: Folders, file: TemporaryFile, key: string): Promise<void> {
  await file.handle.sync()
  for (;;) {
    if (await linkOnce(folders, file, key)) break
    const taken = await compareWithExisting(folders, file, key)
    if (taken === 'same') break
    if (taken === 'different') throw conflict(folders, key)
  }
  const folder = parentOf(key)
  await folders.sync(folder)
}

/** False when the key is taken. `link` and not `rename`, because `rename` replaces: https://man7.org/linux/man-pages/man2/link.2.html. */
async function linkOnce(folders: Folders, file: TemporaryFile, key: string): Promise<boolean> {
  const folder = parentOf(key)
  for (let attempt = 1; ; attempt++) {
    try {
      if (folder !== '') await folders.make(folder)
      await link(file.path, folders.path(key))
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      if (!hasCode(error, 'ENOENT') || attempt === ATTEMPTS || !(await folders.rootExists())) throw error
    }
  }
}

async function compareWithExisting(
  folders: Folders,
  file: TemporaryFile,
  key: string,
): Promise<'same' | 'different' | 'gone'> {
  const existing = await openPlainFile(folders.path(key))
  if (existing === undefined) {
    if (await folders.exists(key)) throw isFolder(folders.path(key))
    return 'gone'
  }
  await using open = existing.handle
  return (await sameBytes(file.handle, open)) ? 'same' : 'different'
}

/** The folder a key lies in; empty for the root. */
export function parentOf(key: string): string {
  const folder = dirname(key)
  return folder === '.' ? '' : folder
}

function isFolder(path: string): PitrError {
  return storageFailed(
    path,
    `Cannot write ${path}: a folder of other objects is there`,
    'An object cannot have the key of a folder.',
  )
}

function conflict(folders: Folders, key: string): PitrError {
  return new PitrError('ObjectConflict', {
    subject: key,
    message: `${key} exists already in ${folders.root} with other content`,
    hint: 'Objects are written once. Two different histories or two archivers may be writing to one archive: find out which before going on.',
    details: { key },
  })
}
