import { Timestamp } from '../../src/coordinates/timestamp.ts'
import type { Segment } from '../../src/image/segment.ts'
import type { ImageFacts, TimelineFacts } from '../../src/image/timeline-facts.ts'

const digest = { bytes: 100, sha256: 'a'.repeat(64) }

/** A segment of `binlog.<number>`, linked to the file of the number before when it begins one. */
export function segment(number: number, from: number, to: number, more: Partial<Segment> = {}): Segment {
  const file = `binlog.${String(number).padStart(6, '0')}`
  return {
    timelineId: 'timeline',
    fileId: `id${number}`,
    file,
    from,
    to,
    format: { serverVersion: '9.7.4', checksum: 'crc32' },
    counts: { transactions: 0, rowEvents: 0, rows: 0 },
    lastEvent: { offset: from, sha256: 'b'.repeat(64) },
    obstacles: [],
    blob: { key: `${file}/${from}`, codec: 'zstd', content: digest, stored: digest },
    ...more,
  }
}

/** An image at a position of `binlog.<number>`. */
export function image(
  id: string,
  number: number,
  offset: number,
  second: number,
  more: Partial<ImageFacts> = {},
): ImageFacts {
  return {
    id,
    timelineId: 'timeline',
    backup: {
      method: 'mysqldump',
      tool: { program: 'mysqldump', version: '9.7.4' },
      server: {
        flavor: 'mysql',
        version: '9.7.4',
        serverId: 1,
        settings: { lower_case_table_names: '0' },
        systemTimeZone: '+00:00',
      },
      scope: 'all',
      needs: { engines: ['InnoDB'], timeZones: [] },
      notIncluded: [],
      parts: [{ name: 'data', blob: { key: `${id}/data`, codec: 'zstd', content: digest, stored: digest } }],
      bytes: 100,
    },
    position: { file: `binlog.${String(number).padStart(6, '0')}`, offset },
    fileId: `id${number}`,
    startTime: at(second),
    ...more,
  }
}

/** A time in the minute everything happens in. */
export function at(second: number): Timestamp {
  return new Timestamp(Date.parse('2026-11-21T10:15:00Z') * 1000 + second * 1_000_000, 'microsecond')
}

/** A timeline of MySQL. */
export function facts(
  images: readonly ImageFacts[],
  segments: readonly Segment[],
  more: Partial<TimelineFacts> = {},
): TimelineFacts {
  return { timelineId: 'timeline', flavor: 'mysql', images, segments, ...more }
}
