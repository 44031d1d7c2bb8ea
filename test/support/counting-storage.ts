import type { Storage } from '../../src/storage/storage.ts'

/** What was asked of a storage so far. */
export interface StorageCounts {
  reads: number
  bytesRead: number
}

/** A storage, and what is asked of it. */
export function countingStorage(
  storage: Storage,
  counts: StorageCounts = { reads: 0, bytesRead: 0 },
): { readonly storage: Storage; readonly counts: StorageCounts } {
  const counting: Storage = {
    description: storage.description,
    list: (prefix, options) => storage.list(prefix, options),
    async *read(key, options) {
      counts.reads++
      for await (const chunk of storage.read(key, options)) {
        counts.bytesRead += chunk.byteLength
        yield chunk
      }
    },
    write: async (key, body, options) => await storage.write(key, body, options),
    stat: async (key, options) => await storage.stat(key, options),
    delete: async (key, options) => await storage.delete(key, options),
  }
  return { storage: counting, counts }
}
