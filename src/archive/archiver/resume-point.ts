import { binlogFileNumber, formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { Segment } from '../../image/segment.ts'

/** One entry of the server's list of binary logs. */
export interface ServerBinlog {
  readonly file: string
  readonly bytes: number
}

/** Where an archive pass begins to read. */
export interface ResumePoint {
  /** Binlog file to read from. */
  readonly file: string
  /** The last segment archived of that file; undefined when the pass begins the file at byte 0. */
  readonly after?: Segment | undefined
}

/**
 * Decides where archiving goes on: behind the last archived segment, or at the start of `firstFile` when nothing is
 * archived yet. Looks at names and sizes only; the bytes are compared when the log is read.
 *
 * Throws `NoImage` when nothing is archived and no file is named, `BinlogGap` when logs that are not archived are gone, `HistoryDiverged` when the server holds less than the archive.
 */
export function resumePoint(
  last: Segment | undefined,
  files: readonly ServerBinlog[],
  firstFile: string | undefined,
): ResumePoint {
  if (last === undefined) {
    if (firstFile === undefined) throw nothingToGoOnFrom()
    if (!files.some(({ file }) => file === firstFile)) throw gap({ file: firstFile, offset: 0 }, files)
    return { file: firstFile }
  }
  const there = files.find(({ file }) => file === last.file)
  if (there === undefined) throw gone(last, files)
  if (there.bytes < last.to) throw diverged(last, `has only ${there.bytes} bytes of it`)
  return { file: last.file, after: last }
}

function nothingToGoOnFrom(): PitrError {
  return new PitrError('NoImage', {
    subject: 'the archive',
    message: 'there is no recovery image yet, so there is no position from which log would be of use',
    hint: 'Take a backup first; it archives the log it needs.',
  })
}

function gone(last: Segment, files: readonly ServerBinlog[]): PitrError {
  const first = files[0]
  const onlyLater = first !== undefined && binlogFileNumber(first.file) > binlogFileNumber(last.file)
  return onlyLater
    ? gap({ file: last.file, offset: last.to }, files)
    : diverged(last, 'has no such file, but earlier ones')
}

function gap(from: BinlogPosition, files: readonly ServerBinlog[]): PitrError {
  const to = files[0] === undefined ? 'the end of its log' : `${files[0].file}:0`
  return new PitrError('BinlogGap', {
    subject: `${formatBinlogPosition(from)} to ${to}`,
    message: `the server no longer has the binary log from ${formatBinlogPosition(from)} to ${to}, and it is not archived`,
    hint: 'This range of history is lost. Take a new backup into a new archive, then archive more often than binary logs expire.',
    details: { from, to: files[0]?.file },
  })
}

/** The error for a server whose log is no longer the one that was archived. */
export function diverged(last: Segment, what: string): PitrError {
  const place = formatBinlogPosition({ file: last.file, offset: last.to })
  return new PitrError('HistoryDiverged', {
    subject: place,
    message: `the archive holds ${last.file} (identity ${last.fileId}) up to ${last.to}, but the server ${what}`,
    hint: 'The server was reset, restored or rolled back, or lost its tail in a crash. Nothing was written. Take a backup into a new archive.',
    details: { file: last.file, fileId: last.fileId, offset: last.to },
  })
}
