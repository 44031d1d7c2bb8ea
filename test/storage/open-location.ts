import { directoryStorage } from '../../src/storage/directory-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** Opens a storage by a text, so that another process can be told which one to use. */
export function openLocation(location: string): Storage {
  const [kind, place] = [location.slice(0, location.indexOf(':')), location.slice(location.indexOf(':') + 1)]
  if (kind === 'directory') return directoryStorage(place)
  throw new Error(`${location} is not a location of a storage`)
}
