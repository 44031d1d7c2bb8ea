import type { LogFormat, Segment } from '../../image/segment.ts'

/** A larger transaction is not held as a whole. */
export const LARGE_TRANSACTION_BYTES: number = 4 * 1024 * 1024

/**
 * A transaction that is more than row events is noted from this size on. Row events that are cut so that each updates a row
 * once have a head for each row: that of the smallest rows makes them ten times as large.
 */
export const LARGE_STATEMENTS_BYTES: number = LARGE_TRANSACTION_BYTES / 64

/** Bytes of a binlog file. */
export interface ByteInterval {
  /** First byte. */
  readonly from: number
  /** Byte behind the last one. */
  readonly to: number
}

/** What prepared an XA transaction that was prepared when the backup was taken. */
export interface PreparedXa extends ByteInterval {
  /** Its GTID, which the image counts as executed. */
  readonly gtid: string | undefined
}

/** What of one binlog file a plan replays: found, and checked, before the target's first write. */
export interface PlannedFile {
  /** Name on its server. */
  readonly file: string
  /** Its identity. */
  readonly fileId: string
  /** Magic and format description. */
  readonly head: Uint8Array
  /** How its events are written. */
  readonly format: LogFormat
  /** Its segments from byte 0 on, in order. */
  readonly segments: readonly Segment[]
  /** What is replayed before: it lies in the image's part of the log, and not in its backup. */
  readonly prepared: readonly PreparedXa[]
  /** The transactions to replay, neighbours joined, in order. */
  readonly wanted: readonly ByteInterval[]
  /** Whether it holds statements about temporary tables of a session. */
  readonly usesTemporaryTables: boolean
  /** Where large transactions begin that are more than row events: known before they are applied piece by piece. */
  readonly largeStatements: ReadonlySet<number>
}

/** Intervals that grow at their end, neighbours joined. */
export class IntervalList {
  readonly #intervals: { readonly from: number; to: number }[] = []

  /** Adds what lies behind everything added before. */
  add(from: number, to: number): void {
    const last = this.#intervals.at(-1)
    if (last?.to === from) last.to = to
    else this.#intervals.push({ from, to })
  }

  /** The intervals in order. */
  get intervals(): readonly ByteInterval[] {
    return this.#intervals
  }
}
