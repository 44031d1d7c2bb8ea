import { parseGtidSet } from '../../src/coordinates/parse-gtid-set.ts'
import type { RestorePlanParts } from '../../src/image/restore-plan-parts.ts'
import type { Segment } from '../../src/image/segment.ts'
import type { TimelineFacts } from '../../src/image/timeline-facts.ts'
import { at, facts, image, segment } from '../image/facts.ts'

const SEGMENTS = [
  segment(1, 0, 500),
  segment(1, 500, 900, { end: 'rotate' }),
  segment(2, 0, 800, { previous: { fileId: 'id1', to: 900 } }),
]

/** An archive with one image, in the first of two files in three segments. */
export const FACTS: TimelineFacts = facts([image('image-1', 1, 157, 0)], SEGMENTS)

/** What a plan needs of a segment. */
function planned({ fileId, file, from, to, format, blob }: Segment): RestorePlanParts['segments'][number] {
  return { fileId, file, from, to, format, blob }
}

const { id, position, fileId, startTime, backup } = image('image-1', 1, 157, 0)

/** The parts of a plan over all of {@link FACTS}. */
export const PARTS: RestorePlanParts = {
  archiveId: 'archive',
  timelineId: 'timeline',
  target: { kind: 'latest' },
  image: { id, position, fileId, startTime, backup },
  segments: SEGMENTS.map(planned),
  start: { fileId: 'id1', position },
  stop: { fileId: 'id2', position: { file: 'binlog.000002', offset: 800 } },
  bytes: { backup: 100, binlog: 1500 },
  counts: { transactions: 1234, rowEvents: 1300, rows: 5000 },
  leftOut: { transactions: 0, rowEvents: 0, rows: 0, bytes: 0 },
  gtids: { after: parseGtidSet('mysql', ''), replayed: parseGtidSet('mysql', '') },
  resolution: 'microsecond',
  lastIncluded: {
    fileId: 'id2',
    start: { file: 'binlog.000002', offset: 700 },
    end: { file: 'binlog.000002', offset: 800 },
    commitTime: at(20),
  },
  warnings: [],
}
