import { link, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** All keys of an archive in a folder, sorted. */
export async function keysIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  // What lies in `~tmp` has no key.
  return files
    .map((file) => file.slice(folder.length + 1))
    .filter((key) => !key.startsWith('~'))
    .toSorted()
}

/** Copies an archive without its bytes: each object is linked. What damages one below makes it a file of its own first. */
export async function linkedCopy(folder: string, copy: string): Promise<void> {
  for (const key of await keysIn(folder)) {
    await mkdir(join(copy, dirname(key)), { recursive: true })
    await link(join(folder, key), join(copy, key))
  }
}

/** Flips one bit, by default in the middle. */
export async function flipBit(file: string, share = 0.5, bit = 0): Promise<void> {
  const bytes = await readFile(file)
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share))
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
  await replace(file, bytes)
}

/** Cuts a file, by default in its middle. */
export async function cutShort(file: string, share = 0.5): Promise<void> {
  const bytes = await readFile(file)
  await replace(file, bytes)
  await truncate(file, Math.min(bytes.length - 1, Math.floor(bytes.length * share)))
}

/** Removes a file. */
export async function remove(file: string): Promise<void> {
  await rm(file)
}

/** Exchanges the content of two files. */
export async function swap(file: string, other: string): Promise<void> {
  const [bytes, otherBytes] = await Promise.all([readFile(file), readFile(other)])
  await replace(file, otherBytes)
  await replace(other, bytes)
}

async function replace(file: string, bytes: Uint8Array): Promise<void> {
  await rm(file)
  await writeFile(file, bytes)
}
