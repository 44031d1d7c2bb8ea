import type { Segment } from '../image/segment.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { isCode } from './is-code.ts'
import { isPageKey, pageKey, pagesPrefix, segmentKey } from './layout.ts'
import { readManifest, writeManifest } from './manifest-store.ts'
import { pageEntryOf, parseCataloguePage, serializeCataloguePage } from './manifests/catalogue-page.ts'
import type { PageEntry } from './manifests/catalogue-page.ts'

/** Segments in a page: ten reads bring ten thousand of them, and few are left without a page. */
const PAGE_SEGMENTS = 1000
/** A page is closed early when its segments have much to say, such as GTID sets of many intervals: it is parsed in one piece. */
const PAGE_BYTES = 8 * 1024 * 1024

/** What the pages of a timeline say, by the key of the manifest that was copied. */
export type Catalogue = ReadonlyMap<string, PageEntry>

/**
 * Reads the pages of a timeline. One that is damaged counts as not there: it holds copies only, and the manifests that
 * were copied are read instead.
 */
export async function readCatalogue(storage: Storage, timelineId: string, options: StorageOptions): Promise<Catalogue> {
  const keys: string[] = []
  for await (const { key } of storage.list(pagesPrefix(timelineId), options)) if (isPageKey(key)) keys.push(key)
  const entries = new Map<string, PageEntry>()
  // One after the other: a page is many times its size while it is parsed.
  for (const key of keys) {
    for (const entry of await readPage(storage, key, options)) entries.set(segmentKey(entry.segment), entry)
  }
  return entries
}

/**
 * Gathers segments that are in no page into pages of a thousand, as far as there are that many. What is written follows
 * from the segments, so writers that race write the same. A page that is damaged, or outdated, is replaced.
 */
export async function writeCatalogue(
  storage: Storage,
  uncatalogued: readonly Segment[],
  options: StorageOptions,
): Promise<void> {
  for (const page of fullPages(uncatalogued)) await writePage(storage, page, options)
}

function* fullPages(segments: readonly Segment[]): Generator<readonly Segment[]> {
  let page: Segment[] = []
  let bytes = 0
  for (const segment of segments) {
    const added = Buffer.byteLength(JSON.stringify(segment))
    // One that fills a page alone is read as fast from its own manifest.
    if (added > PAGE_BYTES) continue
    if (page.length === PAGE_SEGMENTS || bytes + added > PAGE_BYTES) {
      yield page
      page = []
      bytes = 0
    }
    page.push(segment)
    bytes += added
  }
  if (page.length === PAGE_SEGMENTS) yield page
}

async function readPage(storage: Storage, key: string, options: StorageOptions): Promise<readonly PageEntry[]> {
  try {
    const { entries } = await readManifest(storage, key, parseCataloguePage, options)
    return entries
  } catch (error) {
    // Missing: it was replaced since it was listed.
    if (isCode(error, 'CorruptManifest') || isCode(error, 'ObjectMissing')) return []
    throw error
  }
}

async function writePage(storage: Storage, segments: readonly Segment[], options: StorageOptions): Promise<void> {
  const [first] = segments
  if (first === undefined) return
  const key = pageKey(first)
  const text = serializeCataloguePage({ entries: segments.map(pageEntryOf) })
  try {
    await writeManifest(storage, key, text, parseCataloguePage, options)
  } catch (error) {
    if (!isCode(error, 'ObjectConflict')) throw error
    await storage.delete(key, options)
    await writeManifest(storage, key, text, parseCataloguePage, options)
  }
}
