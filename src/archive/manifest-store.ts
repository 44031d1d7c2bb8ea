import type { PitrError } from '../errors.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { corruptManifest } from './manifests/envelope.ts'

/** More than any manifest needs; less than what would fill the memory when a damaged archive offers it. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024

/** Reads and parses a manifest. Throws `ObjectMissing`, `CorruptManifest` or `UnknownFormat`. */
export async function readManifest<T>(
  storage: Storage,
  key: string,
  parse: (text: string, key: string) => T,
  { signal }: StorageOptions = {},
): Promise<T> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of storage.read(key, { signal })) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes > MAX_MANIFEST_BYTES) throw tooLarge(key)
  }
  return parse(decode(Buffer.concat(chunks), key), key)
}

/** Writes a manifest, which is parsed first: nothing is written that could not be read. Throws what `parse` throws, and `ObjectConflict`. */
export async function writeManifest(
  storage: Storage,
  key: string,
  text: string,
  parse: (text: string, key: string) => unknown,
  { signal }: StorageOptions = {},
): Promise<void> {
  const bytes = Buffer.from(text)
  if (bytes.byteLength > MAX_MANIFEST_BYTES) throw tooLarge(key)
  parse(text, key)
  await storage.write(key, [bytes], { signal })
}

function tooLarge(key: string): PitrError {
  return corruptManifest(key, `it is larger than ${MAX_MANIFEST_BYTES} bytes`)
}

function decode(bytes: Uint8Array, key: string): string {
  try {
    // The byte order mark is kept, so that it is noticed.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw corruptManifest(key, 'it is not UTF-8', error)
  }
}
