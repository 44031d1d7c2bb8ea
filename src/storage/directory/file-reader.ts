import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { hasCode, notPlain } from './failures.ts'

/** Large enough that system calls cost nothing, small enough for many readers at a time. */
const READ_BYTES = 256 * 1024

/** An open plain file. */
export interface PlainFile {
  readonly handle: FileHandle
  /** Its size: objects do not change. */
  readonly bytes: number
}

/** Opens a plain file for reading; undefined when there is none. A link, a pipe or a device is refused with `StorageFailed`. */
export async function openPlainFile(path: string): Promise<PlainFile | undefined> {
  // O_NONBLOCK: opening a pipe would otherwise wait for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  let file: FileHandle
  try {
    file = await open(path, flags)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    if (hasCode(error, 'ELOOP', 'EMLINK', 'ENXIO')) throw notPlain(path)
    throw error
  }
  try {
    const found = await file.stat()
    if (found.isFile()) return { handle: file, bytes: found.size }
    if (!found.isDirectory()) throw notPlain(path)
    await file.close()
    return undefined
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The bytes of an open file from `start` to `end` or its end, in fresh buffers that the consumer may keep. */
export async function* readFrom(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  let position = start
  while (position < end) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - position))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** Whether two plain files hold the same bytes. */
export async function sameBytes(a: FileHandle, b: FileHandle): Promise<boolean> {
  const [{ size }, { size: other }] = await Promise.all([a.stat(), b.stat()])
  if (size !== other) return false
  const [left, right] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)]
  for (let position = 0; position < size;) {
    const length = Math.min(READ_BYTES, size - position)
    const [read, otherRead] = await Promise.all([fill(a, left, length, position), fill(b, right, length, position)])
    if (read !== length || otherRead !== length) return false
    if (left.compare(right, 0, length, 0, length) !== 0) return false
    position += length
  }
  return true
}

async function fill(file: FileHandle, buffer: Buffer, length: number, position: number): Promise<number> {
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
