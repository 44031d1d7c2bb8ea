import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import { PitrError } from '../errors.ts'
import type { Segment } from './segment.ts'
import type { ImageFacts } from './timeline-facts.ts'

/** The error for facts of an archive that cannot be true together. */
export function contradiction(fact: Segment | ImageFacts, problem: string): PitrError {
  const subject =
    'position' in fact
      ? `image ${fact.id} at ${formatBinlogPosition(fact.position)}`
      : `segment ${formatBinlogPosition({ file: fact.file, offset: fact.from })}`
  return new PitrError('CorruptManifest', {
    subject,
    message: `the archive contradicts itself: ${problem}`,
    hint: 'Something other than this library wrote to the archive, or two archives were mixed. Nothing is restored from it until that is clear.',
    details: { timelineId: fact.timelineId, fileId: fact.fileId },
  })
}
