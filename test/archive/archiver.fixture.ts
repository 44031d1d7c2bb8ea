// A process that backs up and archives, to be killed: node archiver.fixture.ts <location>. Goes on where the archive ends.
import { Archive } from '../../src/archive/archive.ts'
import { Timestamp } from '../../src/coordinates/timestamp.ts'
import { chunksOf, contentOf } from '../storage/content.ts'
import { openLocation } from '../storage/open-location.ts'
import { draftOf, imageOf, SOURCE } from './samples.ts'

/** How long a segment is, and how many there are. */
export const SEGMENT_BYTES = 300_000
export const SEGMENTS = 40

const [location] = process.argv.slice(2)
if (location !== undefined && process.argv[1]?.endsWith('archiver.fixture.ts') === true) await run(location)

async function run(location: string): Promise<void> {
  const archive = await Archive.open(openLocation(location))
  const timeline = await archive.createTimeline(SOURCE)
  process.stdout.write('ready\n')
  const { segments, images } = await archive.readFacts(timeline.id)
  if (images.length === 0) {
    const id = `image-${process.pid}`
    const part = await archive.writeBackupPart(timeline.id, id, 'data', chunksOf(contentOf('data', 1_000_000)))
    await archive.writeImage(timeline.id, imageOf(id, [part]))
  }
  for (let from = segments.at(-1)?.to ?? 0; from < SEGMENTS * SEGMENT_BYTES;) {
    const { fileId, to } = await archive.writeSegment(draftOf(timeline.id, from, from + SEGMENT_BYTES))
    process.stdout.write(`${to}\n`)
    const coverage = { time: new Timestamp(to, 'microsecond'), fileId, offset: to, fileIds: new Set([fileId]) }
    await archive.recordCoverage(timeline.id, { ...coverage, stands: async () => Promise.resolve(true) })
    from = to
  }
}
