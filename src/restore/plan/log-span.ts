import type { Flavor } from '../../coordinates/flavor.ts'
import { parseGtidSet } from '../../coordinates/parse-gtid-set.ts'
import type { LogBlock } from '../../image/log-block.ts'
import type { Segment } from '../../image/segment.ts'

/** What the planner looks at alone: a segment, or a block of one. It begins and ends between transactions. */
export type LogSpan = Segment | BlockSpan

/** A block of a segment, with what it takes to stand for itself. */
export interface BlockSpan extends LogBlock, Pick<Segment, 'fileId' | 'file' | 'gtidsBefore' | 'gtidsAfter'> {
  /** The segment it lies in. */
  readonly segment: Segment
  /** The block. */
  readonly block: LogBlock
}

/** The segment that a span is, or lies in. */
export function segmentOf(span: LogSpan): Segment {
  return 'segment' in span ? span.segment : span
}

/** The segments of spans that are in log order, each once. */
export function segmentsOf(spans: readonly LogSpan[]): readonly Segment[] {
  return [...new Set(spans.map(segmentOf))]
}

/** The blocks of a segment, all of them, each to be looked at alone. */
export function spansOf(flavor: Flavor, segment: Segment, blocks: readonly LogBlock[]): BlockSpan[] {
  const { fileId, file, gtidsBefore, gtidsAfter } = segment
  // Made when it is asked for: a set can be large, and a segment has a thousand blocks.
  const executedBefore = (place: number): string | undefined => {
    if (gtidsBefore === undefined || place === 0) return gtidsBefore
    if (place === blocks.length) return gtidsAfter
    const executed = blocks.slice(0, place).flatMap(({ gtids = '' }) => (gtids === '' ? [] : [gtids]))
    const before = parseGtidSet(flavor, gtidsBefore)
    return before.union(parseGtidSet(flavor, executed.join(','))).toString()
  }
  return blocks.map((block, place) => {
    return {
      ...block,
      segment,
      block,
      fileId,
      file,
      get gtidsBefore() {
        return executedBefore(place)
      },
      get gtidsAfter() {
        return executedBefore(place + 1)
      },
    }
  })
}
