import { binlogFileNumber, formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { brokenChain } from '../../image/segment-chain.ts'
import type { RestoreTarget } from '../../image/restore-target.ts'
import { segmentOf } from './log-span.ts'
import type { LogSpan } from './log-span.ts'
import type { LogPoint, LogView } from './log-view.ts'
import { stopAt } from './stop.ts'
import type { Stop } from './stop.ts'
import { beforeWindow, beyondWindow } from './window-errors.ts'

/** A target that is a position. */
export type PositionTarget = Extract<RestoreTarget, { kind: 'position' }>

/**
 * The stop at a position. Between transactions a log holds events of its own (rotations, checkpoints); a position among
 * them is taken for the next boundary, which holds the same transactions. Throws `NotABoundary` inside a transaction,
 * `TargetBeforeWindow`, `TargetBeyondWindow`, `BrokenChain` in a missing range, `InvalidPosition` for a foreign name.
 */
export function findPosition(log: LogView, target: PositionTarget): Stop {
  const index = locatePosition(log, target)
  const span = log.spans[index] as LogSpan
  const point = boundaryIn(log, index, span, target.at.offset)
  return stopAt(log, index, point)
}

/** The place of the span that holds a position: the one that ends there or goes on behind it. Throws like {@link findPosition}. */
export function locatePosition(log: LogView, target: PositionTarget): number {
  const { file, offset } = target.at
  const first = log.spans.findIndex((span) => span.file === file)
  const last = log.spans.findLastIndex((span) => span.file === file)
  if (first < 0) throw unknownFile(log, target)
  const index = log.spans.findIndex((span, i) => i >= first && i <= last && offset >= span.from && offset <= span.to)
  if (index >= 0) return index
  const behind = log.spans.findIndex((span, i) => i > last || (i >= first && span.from > offset))
  if (behind < 0) throw beyondWindow(target, log)
  const gap = log.breaks.find((candidate) => candidate.index === behind)
  if (gap !== undefined) throw brokenChain(gap)
  throw behindEndOfFile(log, target.at, last)
}

function boundaryIn(log: LogView, index: number, span: LogSpan, offset: number): LogPoint {
  const segment = segmentOf(span)
  if (offset === segment.to || (offset === segment.from && offset > 0)) return log.pointIn(segment, offset)
  const transactions = log.transactions(index)
  const around = transactions.find(({ start, end }) => start < offset && offset < end)
  if (around !== undefined) {
    const { file } = span
    throw notABoundary(
      { file, offset },
      { file, offset: around.start },
      { file, offset: around.end },
      'it lies inside a transaction',
    )
  }
  if (transactions.some(({ end }) => end === offset)) return log.pointIn(segment, offset)
  const next = log.next(log.pointIn(span, offset))?.ref
  return next?.fileId === segment.fileId && next.start.offset < segment.to
    ? log.startOf(next)
    : log.pointIn(segment, segment.to)
}

function unknownFile(log: LogView, target: PositionTarget): PitrError {
  const { file } = target.at
  const number = binlogFileNumber(file)
  const numbers = log.spans.map((span) => binlogFileNumber(span.file))
  if (numbers.includes(number)) {
    return new PitrError('InvalidPosition', {
      subject: file,
      message: `the archive holds no binlog file ${file}; its file of that number is ${log.spans[numbers.indexOf(number)]?.file}`,
      hint: 'Check that the position comes from the server this archive belongs to.',
    })
  }
  const behind = numbers.findIndex((other) => other > number)
  if (behind < 0) return beyondWindow(target, log)
  const gap = log.breaks.find(({ index }) => index === behind)
  return behind === 0 || gap === undefined ? beforeWindow(target, log.images[0]) : brokenChain(gap)
}

function behindEndOfFile(log: LogView, at: BinlogPosition, last: number): PitrError {
  const end = log.spans[last]
  const next = log.spans[last + 1]
  const previous = { file: end?.file ?? at.file, offset: end?.to ?? 0 }
  const following = next?.first?.start ?? { file: next?.file ?? at.file, offset: next?.to ?? 0 }
  return notABoundary(at, previous, following, `${at.file} ended at ${previous.offset}`)
}

function notABoundary(at: BinlogPosition, previous: BinlogPosition, next: BinlogPosition, why: string): PitrError {
  const [before, behind] = [formatBinlogPosition(previous), formatBinlogPosition(next)]
  return new PitrError('NotABoundary', {
    subject: formatBinlogPosition(at),
    message: `${formatBinlogPosition(at)} is not at a transaction boundary: ${why}; the boundaries next to it are ${before} and ${behind}`,
    hint: `Name ${before} to stop before it, or ${behind} to stop after it.`,
    details: { position: at, previous, next },
  })
}
