import type { FileHandle } from 'node:fs/promises'
import { unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PitrError } from '../errors.ts'
import { throwIfAborted } from '../options.ts'
import { abortable } from './abortable.ts'
import { guarded, hasCode, systemFailure } from './directory/failures.ts'
import { openPlainFile, readFrom } from './directory/file-reader.ts'
import type { PlainFile } from './directory/file-reader.ts'
import { Folders } from './directory/folders.ts'
import { parentOf, publish } from './directory/publish.ts'
import { discard, TemporaryFiles } from './directory/temporary-files.ts'
import type { TemporaryFile } from './directory/temporary-files.ts'
import { statObject, walk } from './directory/walk.ts'
import { checkKey, checkPrefix } from './keys.ts'
import type { ByteRange, Storage, StorageOptions, StoredObject } from './storage.ts'

/**
 * Keeps an archive in a folder: a file an object, with the key as its path. Needs a POSIX file system with hard links
 * (ext4, xfs, btrfs, zfs, NFS). Files are readable by their owner only.
 *
 * Reading creates nothing; the first write makes the folder, but not the folder above it. Symbolic links inside the
 * folder are refused; the folder itself may be one. An object cannot lie below the key of another object.
 *
 * @param path of the folder; a relative one is resolved now, against the working directory.
 * @throws `InvalidArgument` when the path is empty.
 * @example
 * ```ts
 * const manager = await RecoveryImageManager.open({ storage: directoryStorage('/backups/shop') })
 * ```
 */
export function directoryStorage(path: string): Storage {
  if (path === '' || path.includes('\0')) {
    throw new PitrError('InvalidArgument', {
      subject: 'path',
      message: 'The path of a directoryStorage is empty or holds a null character',
      hint: 'Pass the folder of the archive: directoryStorage("/backups/shop").',
    })
  }
  return new DirectoryStorage(resolve(path))
}

class DirectoryStorage implements Storage {
  readonly description: string
  readonly #folders: Folders
  readonly #temporaryFiles: TemporaryFiles

  constructor(root: string) {
    this.description = root
    this.#folders = new Folders(root)
    this.#temporaryFiles = new TemporaryFiles(this.#folders)
  }

  async *list(prefix: string, options: StorageOptions = {}): AsyncGenerator<StoredObject> {
    checkPrefix(prefix)
    throwIfAborted(options.signal, `listing ${this.description}`)
    const folder = prefix.slice(0, -1)
    const exists = await guarded('list', this.#folders.path(folder), () => this.#folders.exists(folder))
    if (exists) yield* walk(this.#folders, folder, options.signal)
  }

  async *read(
    key: string,
    options: StorageOptions & { readonly range?: ByteRange | undefined } = {},
  ): AsyncGenerator<Uint8Array> {
    checkKey(key)
    const { start, end } = checkRange(options.range)
    const what = `reading ${key}`
    throwIfAborted(options.signal, what)
    const path = this.#folders.path(key)
    const opened = await guarded('read', path, () => this.#open(key))
    if (opened === undefined) throw this.#missing(key)
    await using file = opened.handle
    const chunks = readFrom(file, start, Math.min(end, opened.bytes))
    for (;;) {
      const chunk = await guarded('read', path, () => chunks.next())
      throwIfAborted(options.signal, what)
      if (chunk.done === true) return
      yield chunk.value
    }
  }

  async write(
    key: string,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: StorageOptions = {},
  ): Promise<StoredObject> {
    checkKey(key)
    const what = `writing ${key}`
    throwIfAborted(options.signal, what)
    const path = this.#folders.path(key)
    const file = await guarded('write', path, () => this.#createTemporary())
    try {
      let bytes = 0
      for await (const chunk of abortable(body, options.signal, what)) {
        await guarded('write', path, () => writeFully(file.handle, chunk, bytes))
        bytes += chunk.byteLength
      }
      await guarded('write', path, () => publish(this.#folders, file, key))
      return { key, bytes }
    } finally {
      await discard(file)
    }
  }

  async stat(key: string, options: StorageOptions = {}): Promise<StoredObject | undefined> {
    checkKey(key)
    throwIfAborted(options.signal, `looking at ${key}`)
    const exists = await guarded('look at', this.#folders.path(key), () => this.#folders.exists(parentOf(key)))
    return exists ? statObject(this.#folders, key) : undefined
  }

  async delete(key: string, options: StorageOptions = {}): Promise<void> {
    checkKey(key)
    throwIfAborted(options.signal, `deleting ${key}`)
    if ((await this.stat(key)) === undefined) return
    const path = this.#folders.path(key)
    await guarded('delete', path, async () => {
      try {
        await unlink(path)
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error
      }
      await this.#folders.removeEmpty(parentOf(key))
    })
  }

  async #createTemporary(): Promise<TemporaryFile> {
    await this.#folders.makeRoot()
    return this.#temporaryFiles.create()
  }

  async #open(key: string): Promise<PlainFile | undefined> {
    if (!(await this.#folders.exists(parentOf(key)))) return undefined
    return openPlainFile(this.#folders.path(key))
  }

  #missing(key: string): PitrError {
    return new PitrError('ObjectMissing', {
      subject: key,
      message: `${key} is not in ${this.description}`,
      hint: 'Check that this is the right folder and that nothing was deleted from it.',
      details: { key },
    })
  }
}

async function writeFully(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done, position + done)
    if (bytesWritten === 0) throw systemFailure('write', 'the file', new Error('nothing was written'))
    done += bytesWritten
  }
}

function checkRange(range: ByteRange | undefined): ByteRange {
  const { start, end } = range ?? { start: 0, end: Number.POSITIVE_INFINITY }
  const usable = Number.isSafeInteger(start) && start >= 0 && end >= start && !Number.isNaN(end)
  if (usable) return { start, end }
  throw new PitrError('InvalidArgument', {
    subject: 'range',
    message: `${start} to ${end} is not a range of bytes`,
    hint: 'A range has a start of 0 or more and an end that is not before it.',
  })
}
