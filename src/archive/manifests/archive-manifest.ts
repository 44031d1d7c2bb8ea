import * as v from 'valibot'
import type { Timestamp } from '../../coordinates/timestamp.ts'
import { parseManifest, serializeManifest } from './envelope.ts'
import { id, timestamp } from './schemas.ts'

/** What makes a place an archive. */
export interface ArchiveManifest {
  /** Random; tells two archives apart. */
  readonly archiveId: string
  /** By the clock of the machine that made it. */
  readonly createdAt: Timestamp
}

/** Writes the text of an archive manifest. */
export function serializeArchiveManifest(manifest: ArchiveManifest): string {
  return serializeManifest('archive', manifest)
}

/** Reads it. Throws `CorruptManifest` or `UnknownFormat`. */
export function parseArchiveManifest(text: string, key: string): ArchiveManifest {
  return parseManifest('archive', v.strictObject({ archiveId: id(), createdAt: timestamp() }), text, key)
}
