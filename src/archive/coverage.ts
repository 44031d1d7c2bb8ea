import type { Timestamp } from '../coordinates/timestamp.ts'
import type { Coverage } from '../image/timeline-facts.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { coverageKey, coverageNumberOf, coveragePrefix } from './layout.ts'
import { readManifest, writeManifest } from './manifest-store.ts'
import { isCode } from './is-code.ts'
import { parseCoverageManifest, serializeCoverageManifest } from './manifests/coverage-manifest.ts'

/** How often another archiver may be faster before this is no coincidence. */
const ATTEMPTS = 100

/** What a pass found out. */
export interface PassCoverage extends Coverage {
  /** Whether this pass, which cannot say so much itself, leaves standing what an earlier one recorded, which is later. */
  readonly stands: (recorded: Timestamp) => Promise<boolean>
  /** Identities of all binlog files the pass found archived; that of the coverage is the last one. */
  readonly fileIds: ReadonlySet<string>
}

/**
 * Records until when a timeline is complete, then removes the records before. They are numbered, not sorted by time: who
 * records last need not have seen the most. Returns the time it recorded: that of the pass, or the later one that stands.
 * The end it records is never before the one it takes the place of: a loss behind it would not be noticed.
 */
export async function recordCoverage(
  storage: Storage,
  timelineId: string,
  pass: PassCoverage,
  options: StorageOptions,
): Promise<Timestamp> {
  for (let attempt = 1; ; attempt++) {
    const earlier = await recordKeys(storage, timelineId, options)
    const number = numberOf(earlier.at(-1)) + 1
    const key = coverageKey(timelineId, number)
    try {
      const recorded = await readCoverage(storage, timelineId, options)
      const isLater = recorded !== undefined && recorded.time.compare(pass.time) > 0
      const { time } = isLater && (await pass.stands(recorded.time)) ? recorded : pass
      const { fileId, offset } = recorded !== undefined && isBeyond(recorded, pass) ? recorded : pass
      const text = serializeCoverageManifest({ timelineId, number, time, fileId, offset })
      await writeManifest(storage, key, text, parseCoverageManifest, options)
      for (const each of earlier) await storage.delete(each, options)
      return time
    } catch (error) {
      // Another archiver took the number.
      if (!isCode(error, 'ObjectConflict') || attempt === ATTEMPTS) throw error
    }
  }
}

// Archived log only grows: a file that a pass did not find was begun behind those it found.
function isBeyond(recorded: Coverage, pass: PassCoverage): boolean {
  return recorded.fileId === pass.fileId ? recorded.offset > pass.offset : !pass.fileIds.has(recorded.fileId)
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
