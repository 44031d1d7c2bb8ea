import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, opendir, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { hasCode } from './failures.ts'
import type { Folders } from './folders.ts'

/** Where objects grow. `~` is in no key, so no object and no listing ever meets this folder. */
const TEMPORARY_FOLDER = '~tmp'

/**
 * How long a temporary file may lie untouched before it counts as left over by a dead writer. A writer that stalled
 * longer loses its file and fails; it cannot publish anything wrong, because publishing needs the file.
 */
export const ABANDONED_AFTER_MS: number = 24 * 60 * 60 * 1000

const NAME = /^[0-9a-f]{32}$/

/** A file that no reader sees yet. */
export interface TemporaryFile {
  readonly path: string
  readonly handle: FileHandle
}

/** Makes the temporary files of one storage. */
export class TemporaryFiles {
  readonly #folders: Folders
  #swept = false

  constructor(folders: Folders) {
    this.#folders = folders
  }

  /** Makes an empty one, readable by the owner only. The first call removes what dead writers left. */
  async create(): Promise<TemporaryFile> {
    await this.#folders.make(TEMPORARY_FOLDER)
    const path = `${this.#folders.path(TEMPORARY_FOLDER)}/${randomBytes(16).toString('hex')}`
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const handle = await open(path, flags, 0o600)
    try {
      // The clock of the file system, which may be another machine's, against its own stamps.
      if (!this.#swept) await this.#removeOlderThan((await handle.stat()).mtimeMs - ABANDONED_AFTER_MS)
      this.#swept = true
      return { path, handle }
    } catch (error) {
      await discard({ path, handle })
      throw error
    }
  }

  async #removeOlderThan(timeMs: number): Promise<void> {
    const folder = this.#folders.path(TEMPORARY_FOLDER)
    for await (const { name } of await opendir(folder)) {
      if (!NAME.test(name)) continue
      const path = `${folder}/${name}`
      try {
        const file = await lstat(path)
        if (file.isFile() && file.mtimeMs < timeMs) await unlink(path)
      } catch (error) {
        // Its writer finished, or another sweep was faster.
        if (!hasCode(error, 'ENOENT')) throw error
      }
    }
  }
}

/** Closes and removes a temporary file; an object that was published from it stays. What cannot be removed now is swept later. */
export async function discard(file: TemporaryFile): Promise<void> {
  await Promise.allSettled([file.handle.close(), unlink(file.path)])
}
