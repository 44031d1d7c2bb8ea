import fc from 'fast-check'
import { parseGtidSet } from '../../src/coordinates/parse-gtid-set.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import { partKey, segmentBlobKey } from '../../src/archive/layout.ts'
import type { SegmentDraft, Timeline } from '../../src/archive/archive.ts'
import type { Blob, Segment } from '../../src/image/segment.ts'
import { TRANSACTION_KINDS } from '../../src/image/touched.ts'
import type { ImageFacts } from '../../src/image/timeline-facts.ts'
import { chunksOf, contentOf } from '../storage/content.ts'

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'

/** Server of the samples. */
export const SOURCE: Pick<Timeline, 'flavor' | 'source'> = {
  flavor: 'mysql',
  source: { serverId: 7, serverUuid: UUID, version: '9.7.4' },
}

/** What a sample may have different. */
export interface SampleChange extends Partial<Omit<Segment, 'blob'>> {
  readonly bytes?: Uint8Array
}

/** A segment whose bytes follow from its place. */
export function draftOf(timelineId: string, from: number, to: number, change: SampleChange = {}): SegmentDraft {
  const {
    fileId = 'f0f0f0f0',
    file = 'binlog.000042',
    bytes = contentOf(`${file}:${from}`, to - from),
    ...more
  } = change
  const facts: ReturnType<SegmentDraft['facts']> = {
    to,
    format: { serverVersion: '9.7.4', checksum: 'crc32' },
    gtidsBefore: `${UUID}:1-${from + 1}`,
    gtidsAfter: `${UUID}:1-${to}`,
    counts: { transactions: 1, rowEvents: 2, rows: 3 },
    lastEvent: { offset: to - 1, sha256: 'a'.repeat(64) },
    obstacles: [],
    ...more,
  }
  const middle = from + Math.ceil((facts.to - from) / 2)
  const touched = { kinds: [] }
  const blocks = [
    { from, to: middle, counts: facts.counts, touched },
    { from: middle, to: facts.to, counts: { transactions: 0, rowEvents: 0, rows: 0 }, touched },
  ]
  return { timelineId, fileId, file, from, bytes: chunksOf(bytes), facts: () => facts, blocks: () => blocks }
}

/** An image with these parts. */
export function imageOf(id: string, parts: ImageFacts['backup']['parts']): Omit<ImageFacts, 'timelineId'> {
  return {
    id,
    backup: {
      method: 'mysqldump',
      tool: { program: 'mysqldump', version: '9.7.4' },
      server: {
        flavor: 'mysql',
        version: '9.7.4',
        serverId: 7,
        serverUuid: UUID,
        settings: { lower_case_table_names: '0' },
        systemTimeZone: '+00:00',
      },
      scope: { databases: ['shop', 'größe'] },
      needs: { engines: ['InnoDB'], timeZones: [] },
      notIncluded: [],
      parts,
      bytes: parts.reduce((sum, { blob }) => sum + blob.content.bytes, 0),
    },
    position: { file: 'binlog.000042', offset: 500 },
    fileId: 'f0f0f0f0',
    gtidSet: parseGtidSet('mysql', `${UUID}:1-501`),
    startTime: Timestamp.parse('2026-11-21T10:15:30.123456Z'),
  }
}

const size = fc.nat(2 ** 40)
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/)
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/)
const file = fc.constantFrom('binlog.000001', 'a@b+c.1000000', `${'x'.repeat(200)}.999999`, 'log.bin.000009')
const time = fc
  .tuple(fc.nat(4_000_000_000), fc.nat(999_999), fc.boolean())
  .map(([s, us, fine]) => new Timestamp(s * 1_000_000 + (fine ? us : 0), fine ? 'microsecond' : 'second'))
const position = fc.record({ file, offset: size })
const ref = fc.record(
  { fileId: id, start: position, end: position, gtid: fc.string({ maxLength: 80 }), commitTime: time },
  { requiredKeys: ['fileId', 'start', 'end', 'commitTime'] },
)
const digest = fc.record({ bytes: size, sha256 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const touched = fc.record(
  {
    kinds: fc.subarray([...TRANSACTION_KINDS]),
    tables: fc.array(fc.record({ database: fc.string(), table: fc.string() }, { requiredKeys: ['database'] })),
  },
  { requiredKeys: ['kinds'] },
)

/** Any segment. */
export const anySegment: fc.Arbitrary<Segment> = fc
  .record({
    timelineId: id,
    fileId: id,
    file,
    from: fc.nat(1_000_000),
    length: fc.integer({ min: 1, max: 4_000_000_000 }),
    format: fc.record({ serverVersion: fc.string(), checksum: fc.constantFrom('crc32' as const, 'none' as const) }),
    previous: optional(fc.record({ fileId: id, to: size })),
    end: optional(fc.constantFrom('rotate' as const, 'stop' as const)),
    gtidsBefore: optional(fc.string()),
    gtidsAfter: optional(fc.string()),
    counts: fc.record({ transactions: size, rowEvents: size, rows: size }),
    first: optional(ref),
    last: optional(ref),
    minCommitTime: optional(time),
    maxCommitTime: optional(time),
    lastEvent: fc.record({ offset: size, sha256 }),
    touched: optional(touched),
    index: optional(digest),
    obstacles: fc.array(fc.record({ offset: size, reason: fc.string({ unit: 'grapheme' }) }), { maxLength: 3 }),
    stored: digest,
    sha256,
    attempt: fc.stringMatching(/^[0-9a-f]{8}$/),
  })
  .map(({ length, stored, sha256, attempt, ...facts }): Segment => {
    const range = { ...facts, to: facts.from + length }
    const blob: Blob = {
      key: segmentBlobKey(range, attempt),
      codec: 'zstd',
      content: { bytes: length, sha256 },
      stored,
    }
    return { ...range, blob }
  })

/** Any image of MySQL. */
export const anyImage: fc.Arbitrary<ImageFacts> = fc
  .record({
    timelineId: id,
    id,
    names: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9._=-]{1,30}$/), { minLength: 1, maxLength: 4 }),
    digest,
    scope: fc.oneof(fc.constant('all' as const), fc.record({ databases: fc.array(fc.string({ unit: 'grapheme' })) })),
    position,
    startTime: time,
    intervals: fc.option(fc.nat(1000), { nil: undefined }),
  })
  .map(({ names, digest, scope, intervals, ...facts }): ImageFacts => {
    const parts = names.map((name) => {
      const key = partKey(facts.timelineId, facts.id, name)
      return { name, blob: { key, codec: 'zstd' as const, content: digest, stored: digest } }
    })
    const { backup, ...rest } = imageOf(facts.id, parts)
    const gtidSet = intervals === undefined ? undefined : parseGtidSet('mysql', `${UUID}:1-${intervals + 1}`)
    return { ...rest, ...facts, backup: { ...backup, scope }, gtidSet }
  })
