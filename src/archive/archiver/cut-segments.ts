import { binlogFileNumber } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { Segment } from '../../image/segment.ts'
import type { SegmentDraft } from '../archive.ts'
import type { LogCursor } from './log-cursor.ts'
import { OpenFile } from './open-file.ts'

/** Where the cut log belongs. */
export interface CutOptions {
  readonly timelineId: string
  /** The last archived segment; the cursor stands behind it. */
  readonly last: Segment | undefined
}

/** Cuts a log into segments, file by file, each at a transaction boundary. Each draft must be stored before the next is asked for. */
export async function* cutSegments(
  log: LogCursor,
  { timelineId, last }: CutOptions,
): AsyncGenerator<SegmentDraft, void, undefined> {
  let open = last === undefined ? undefined : OpenFile.behind(last)
  while (await log.fill()) {
    const file = log.current?.file ?? ''
    if (open?.file !== file) {
      if (open !== undefined) requireNext(open.file, file)
      const previous = open === undefined ? undefined : { fileId: open.fileId, to: open.to }
      open = await OpenFile.begin(log, file, timelineId, previous)
    }
    yield open.nextSegment(log)
  }
}

/** A server numbers its files one by one: anything else means that one was left out or the log was reset. */
function requireNext(file: string, next: string): void {
  if (binlogFileNumber(next) === binlogFileNumber(file) + 1) return
  throw new PitrError('BinlogGap', {
    subject: `${file} to ${next}`,
    message: `the server's log goes on from ${file} with ${next}: what lay between them is missing`,
    hint: 'This range of history is lost. Take a new backup into a new archive.',
    details: { from: file, to: next },
  })
}
