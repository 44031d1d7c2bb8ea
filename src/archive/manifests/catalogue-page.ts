import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Segment } from '../../image/segment.ts'
import { pageKey } from '../layout.ts'
import { ARCHIVE_FORMAT, corruptManifest, describeIssue, parseJson, unknownFormat } from './envelope.ts'
import { size } from './schemas.ts'
import { checkSegment, segmentSchema, serializeSegmentManifest } from './segment-manifest.ts'

/** Copies of the manifests of segments, so that one read brings many. The manifests themselves stay what counts. */
export interface CataloguePage {
  /** In log order; at least one. */
  readonly entries: readonly PageEntry[]
}

/** The copy of one manifest. */
export interface PageEntry {
  /** Size of the manifest: one of another size is not the one that was copied. */
  readonly manifestBytes: number
  readonly segment: Segment
}

/** The entry for a segment. */
export function pageEntryOf(segment: Segment): PageEntry {
  return { manifestBytes: Buffer.byteLength(serializeSegmentManifest(segment)), segment }
}

/** Writes a page: a line of JSON that says what it is, one for each entry, and last the SHA-256 of the lines before. */
export function serializeCataloguePage({ entries }: CataloguePage): string {
  const head = { format: ARCHIVE_FORMAT, kind: 'page' }
  const signed = `${[head, ...entries].map((line) => JSON.stringify(line)).join('\n')}\n`
  return `${signed}${sha256(signed)}\n`
}

/**
 * Reads a page. Throws `CorruptManifest`, also when an entry is about a segment of another timeline or the page lies at
 * another key than its own, or `UnknownFormat`.
 */
export function parseCataloguePage(text: string, key: string): CataloguePage {
  const signed = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)
  const [head = '', ...lines] = signed.slice(0, -1).split('\n')
  const outer = v.safeParse(v.looseObject({ format: v.number() }), parseJson(head, key))
  if (!outer.success) throw corruptManifest(key, 'it has no format')
  if (outer.output.format !== ARCHIVE_FORMAT) throw unknownFormat(key, outer.output.format)
  if (text.slice(signed.length) !== `${sha256(signed)}\n`)
    throw corruptManifest(key, 'it is not the text that was written')
  const schema = v.strictObject({ manifestBytes: size(), segment: segmentSchema() })
  const entries = lines.map((line) => parseEntry(schema, line, key))
  const [first] = entries
  if (first === undefined || pageKey(first.segment) !== key) throw corruptManifest(key, 'it belongs to another place')
  const stray = entries.some(({ segment }) => segment.timelineId !== first.segment.timelineId)
  if (stray) throw corruptManifest(key, 'it holds a segment of another timeline')
  return { entries }
}

function parseEntry(schema: v.GenericSchema<unknown, PageEntry>, line: string, key: string): PageEntry {
  const parsed = v.safeParse(schema, parseJson(line, key))
  if (!parsed.success) throw corruptManifest(key, describeIssue(parsed.issues[0]))
  checkSegment(parsed.output.segment, key)
  return parsed.output
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
