import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { testStorage } from './storage-conformance.ts'
import { temporaryPlace } from './temporary-place.ts'

testStorage('directoryStorage', async () => {
  const place = await temporaryPlace()
  const root = join(place.path, 'archive')
  return {
    storage: directoryStorage(root),
    again: directoryStorage(root),
    location: `directory:${root}`,
    fillWith: async (keys) => {
      for (const folder of new Set(keys.map((key) => dirname(key)))) {
        await mkdir(join(root, folder), { recursive: true })
      }
      for (let i = 0; i < keys.length; i += 200) {
        await Promise.all(keys.slice(i, i + 200).map((key) => writeFile(join(root, key), '')))
      }
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
})
