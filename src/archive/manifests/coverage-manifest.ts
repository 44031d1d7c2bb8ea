import * as v from 'valibot'
import type { Coverage } from '../../image/timeline-facts.ts'
import { coverageNumberOf, coveragePrefix } from '../layout.ts'
import { corruptManifest, parseManifest, serializeManifest } from './envelope.ts'
import { id, size, timestamp } from './schemas.ts'

/** A record of coverage, with the timeline it is about. */
export interface CoverageManifest extends Coverage {
  /** The timeline. */
  readonly timelineId: string
  /** Records are numbered in the order of the passes that wrote them; the highest counts. */
  readonly number: number
}

/** Writes the text of a record of coverage. */
export function serializeCoverageManifest(coverage: CoverageManifest): string {
  return serializeManifest('coverage', coverage)
}

/** Reads it. Throws `CorruptManifest`, also when it lies at another key than its own, or `UnknownFormat`. */
export function parseCoverageManifest(text: string, key: string): CoverageManifest {
  const coverage = parseManifest('coverage', schema(), text, key)
  const inPlace = key.startsWith(coveragePrefix(coverage.timelineId)) && coverageNumberOf(key) === coverage.number
  if (!inPlace) throw corruptManifest(key, 'it belongs to another place')
  return coverage
}

function schema(): v.GenericSchema<unknown, CoverageManifest> {
  return v.strictObject({ timelineId: id(), number: size(), time: timestamp(), fileId: id(), offset: size() })
}
