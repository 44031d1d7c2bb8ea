import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { PitrError } from '../../errors.ts'

/** The format of the archive that this version writes and reads. 0 is unstable: it may change without notice. */
export const ARCHIVE_FORMAT = 0

/** What a manifest is about. */
export type ManifestKind = 'archive' | 'timeline' | 'image' | 'segment' | 'coverage'

/**
 * Writes a manifest: readable JSON of 2 spaces, `body` with sorted keys, and last the SHA-256 of the same JSON without that
 * hash. A value has exactly one text.
 */
export function serializeManifest(kind: ManifestKind, body: unknown): string {
  const unsigned = { format: ARCHIVE_FORMAT, kind, body: sorted(JSON.parse(JSON.stringify(body))) }
  const sha256 = createHash('sha256')
    .update(JSON.stringify(unsigned, null, 2))
    .digest('hex')
  return `${JSON.stringify({ ...unsigned, sha256 }, null, 2)}\n`
}

/**
 * Reads a manifest that {@link serializeManifest} wrote, and nothing else: any other text, even of the same meaning, is
 * `CorruptManifest`. Throws `UnknownFormat` when another version wrote it. `key` names it in errors.
 */
export function parseManifest<T>(
  kind: ManifestKind,
  schema: v.GenericSchema<unknown, T>,
  text: string,
  key: string,
): T {
  const outer = v.safeParse(v.looseObject({ format: v.number() }), parseJson(text, key))
  if (!outer.success) throw corruptManifest(key, 'it has no format')
  if (outer.output.format !== ARCHIVE_FORMAT) throw unknownFormat(key, outer.output.format)
  const envelope = v.strictObject({ format: v.number(), kind: v.literal(kind), body: schema, sha256: v.string() })
  const parsed = v.safeParse(envelope, outer.output)
  if (!parsed.success) throw corruptManifest(key, describeIssue(parsed.issues[0]))
  // The hash is in the text, so equal texts have equal hashes; and no field was ignored on the way.
  const written = serializeManifest(kind, parsed.output.body)
  if (written !== text) throw corruptManifest(key, 'it is not the text that was written')
  return parsed.output.body
}

/** `CorruptManifest` with what is wrong, as in "archive.json cannot be used: it has no format". */
export function corruptManifest(key: string, why: string, cause?: unknown): PitrError {
  return new PitrError('CorruptManifest', {
    subject: key,
    message: `The manifest ${key} cannot be used: ${why}`,
    hint: 'It was damaged or changed since it was written. Restore this file from a copy of the archive.',
    details: { key },
    cause,
  })
}

/** Parses JSON. Throws `CorruptManifest`. */
export function parseJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw corruptManifest(key, 'it is not JSON', error)
  }
}

/** `UnknownFormat`, for what another version wrote. */
export function unknownFormat(key: string, format: number): PitrError {
  return new PitrError('UnknownFormat', {
    subject: key,
    message: `The manifest ${key} has format ${format}; this version knows ${ARCHIVE_FORMAT}`,
    hint: 'Open this archive with the version of mysql-pitr that wrote it, or a later one.',
    details: { key, format, known: [ARCHIVE_FORMAT] },
  })
}

/** Where and what was expected; never what was found: a manifest of somebody else's making may hold anything. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'the whole'
  return `${path} is not what it should be${issue.expected === null ? '' : ` (${issue.expected})`}`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]))
}
