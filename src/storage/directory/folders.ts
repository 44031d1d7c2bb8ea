import { constants } from 'node:fs'
import { lstat, mkdir, open, realpath, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PitrError } from '../../errors.ts'
import { guarded, hasCode, notPlain, storageFailed, systemFailure } from './failures.ts'

/** Only the owner: a backup holds everything the database holds. */
const FOLDER_MODE = 0o700

/** The folder of a storage and the folders in it. No symbolic link below the root is followed. */
export class Folders {
  /** Absolute path of the root. */
  readonly root: string
  #seen = false

  constructor(root: string) {
    this.root = root
  }

  /** The path of a key or of a folder of keys. */
  path(key: string): string {
    return key === '' ? this.root : `${this.root}/${key}`
  }

  /**
   * Whether the root is there. Throws `StorageFailed` when it was there before: a folder that disappears under us is an
   * unmounted disk, not an empty archive.
   */
  async rootExists(): Promise<boolean> {
    try {
      const root = await stat(this.root)
      if (!root.isDirectory()) throw storageFailed(this.root, `${this.root} is not a folder`, 'Check the path.')
      this.#seen = true
      return true
    } catch (error) {
      if (hasCode(error, 'ENOENT') && !this.#seen) return false
      if (error instanceof PitrError) throw error
      if (!hasCode(error, 'ENOENT')) throw systemFailure('open', this.root, error)
      throw storageFailed(
        this.root,
        `${this.root} was there before and is gone`,
        'Check whether the disk is still mounted.',
        { code: 'ENOENT', cause: error },
      )
    }
  }

  /** Makes the root when it is missing. The folder above must exist: a whole missing path is a typing error or an unmounted disk. */
  async makeRoot(): Promise<void> {
    if (await this.rootExists()) return
    await guarded('create', this.root, async () => {
      try {
        await mkdir(this.root, { mode: FOLDER_MODE })
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
      }
      await syncFolder(dirname(this.root))
    })
    await this.rootExists()
  }

  /** Makes a folder below the root, with the folders above it. */
  async make(folder: string): Promise<void> {
    let path = this.root
    for (const name of folder.split('/')) {
      path = join(path, name)
      try {
        await mkdir(path, { mode: FOLDER_MODE })
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
        const found = await lstat(path)
        if (found.isFile()) throw underObject(path)
        if (!found.isDirectory()) throw notPlain(path)
      }
    }
  }

  /** Whether a folder below the root is there. Throws `StorageFailed` when the way to it leads over a symbolic link. */
  async exists(folder: string): Promise<boolean> {
    if (!(await this.rootExists())) return false
    if (folder === '') return true
    const path = this.path(folder)
    try {
      const [root, real] = await Promise.all([realpath(this.root), realpath(path)])
      if (real !== join(root, folder)) throw notPlain(path)
      return true
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false
      throw error
    }
  }

  /**
   * Makes the names in a folder and in all above it durable. All of them each time: a folder that is there may have been
   * made by another process that has not come to this point yet.
   */
  async sync(folder: string): Promise<void> {
    for (const each of selfAndAbove(folder)) await syncFolder(this.path(each))
    await syncFolder(this.root)
  }

  /** Removes a folder and those above it as far as they are empty, and makes the removal durable. */
  async removeEmpty(folder: string): Promise<void> {
    for (const each of selfAndAbove(folder)) {
      try {
        await rmdir(this.path(each))
      } catch (error) {
        if (hasCode(error, 'ENOENT')) continue
        if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
        await syncFolder(this.path(each))
        return
      }
    }
    await syncFolder(this.root)
  }
}

function selfAndAbove(folder: string): string[] {
  const names = folder === '' ? [] : folder.split('/')
  return names.map((_, i) => names.slice(0, names.length - i).join('/'))
}

function underObject(path: string): PitrError {
  const hint = 'An object cannot lie below the key of another one.'
  return storageFailed(path, `Cannot make the folder ${path}: an object is there`, hint)
}

async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    await folder.sync()
  } catch (error) {
    // ENOENT: whoever removed the folder since has removed what was in it. EINVAL: a file system that keeps folders by
    // itself, https://man7.org/linux/man-pages/man2/fsync.2.html.
    if (!hasCode(error, 'ENOENT', 'EINVAL')) throw error
  }
}
