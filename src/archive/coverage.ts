import type { Coverage } from '../image/timeline-facts.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { coverageKey, coverageNumberOf, coveragePrefix } from './layout.ts'
import { readManifest, writeManifest } from './manifest-store.ts'
import { isCode } from './is-code.ts'
import { parseCoverageManifest, serializeCoverageManifest } from './manifests/coverage-manifest.ts'

/** How often another archiver may be faster before this is no coincidence. */
const ATTEMPTS = 100

/**
 * Records until when a timeline is complete, then removes the records before. They are numbered, not sorted by time: the
 * last pass saw the most of the log, also when the server's clock was set back since.
 */
export async function recordCoverage(
  storage: Storage,
  timelineId: string,
  { time, fileId, offset }: Coverage,
  options: StorageOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const earlier = await recordKeys(storage, timelineId, options)
    const number = numberOf(earlier.at(-1)) + 1
    const key = coverageKey(timelineId, number)
    try {
      const text = serializeCoverageManifest({ timelineId, number, time, fileId, offset })
      await writeManifest(storage, key, text, parseCoverageManifest, options)
      for (const each of earlier) await storage.delete(each, options)
      return
    } catch (error) {
      // Another archiver took the number.
      if (!isCode(error, 'ObjectConflict') || attempt === ATTEMPTS) throw error
    }
  }
}

/** The newest record of a timeline; undefined when there is none yet. */
export async function readCoverage(
  storage: Storage,
  timelineId: string,
  options: StorageOptions,
): Promise<Coverage | undefined> {
  for (let attempt = 1; ; attempt++) {
    const newest = (await recordKeys(storage, timelineId, options)).at(-1)
    if (newest === undefined) return undefined
    try {
      const { time, fileId, offset } = await readManifest(storage, newest, parseCoverageManifest, options)
      return { time, fileId, offset }
    } catch (error) {
      // A newer one took its place since it was listed.
      if (!isCode(error, 'ObjectMissing') || attempt === ATTEMPTS) throw error
    }
  }
}

async function recordKeys(storage: Storage, timelineId: string, options: StorageOptions): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list(coveragePrefix(timelineId), options)) {
    if (coverageNumberOf(key) !== undefined) keys.push(key)
  }
  return keys
}

function numberOf(key: string | undefined): number {
  return (key === undefined ? undefined : coverageNumberOf(key)) ?? 0
}
