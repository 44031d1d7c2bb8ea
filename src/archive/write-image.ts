import { PitrError } from '../errors.ts'
import type { ImageFacts } from '../image/timeline-facts.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { imageKey } from './layout.ts'
import { writeManifest } from './manifest-store.ts'
import { parseImageManifest, serializeImageManifest } from './manifests/image-manifest.ts'

/**
 * Makes an image exist. Its parts must be stored: each is looked at before the manifest that makes them a backup is
 * written. The same image again is a no-op. Throws `ObjectMissing`, `ChecksumMismatch` or `ObjectConflict`.
 */
export async function writeImage(storage: Storage, image: ImageFacts, options: StorageOptions): Promise<void> {
  for (const { blob } of image.backup.parts) {
    const found = await storage.stat(blob.key, options)
    if (found?.bytes !== blob.stored.bytes) throw notStored(blob.key, blob.stored.bytes, found?.bytes)
  }
  const key = imageKey(image.timelineId, image.id)
  await writeManifest(storage, key, serializeImageManifest(image), parseImageManifest, options)
}

function notStored(key: string, expected: number, found: number | undefined): PitrError {
  const options = {
    subject: key,
    hint: 'No image was made. Take the backup again, and find out who else writes to this storage.',
    details: { key, expected, found: found ?? null },
  }
  return found === undefined
    ? new PitrError('ObjectMissing', { ...options, message: `The part ${key} of the backup is not in the storage` })
    : new PitrError('ChecksumMismatch', {
        ...options,
        message: `The part ${key} of the backup has ${found} bytes instead of ${expected}`,
      })
}
