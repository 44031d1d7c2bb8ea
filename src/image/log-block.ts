import type { Segment } from './segment.ts'
import type { Touched } from './touched.ts'

/**
 * A part of a segment that can be read alone. It begins and ends between transactions and is about 64 KiB large, or as
 * large as one transaction. The blocks of a segment join without gaps; together they are its sparse index.
 */
export interface LogBlock extends Pick<
  Segment,
  'from' | 'to' | 'counts' | 'first' | 'last' | 'minCommitTime' | 'maxCommitTime'
> {
  /** The GTIDs executed in it; undefined without GTIDs. */
  readonly gtids?: string | undefined
  /** What lies in it. */
  readonly touched: Touched
}
