import type { Archive } from '../../archive/archive.ts'
import { EventReader } from '../../binlog/event-reader.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import { TransactionReader } from '../../binlog/transaction-reader.ts'
import type { TransactionReaderOptions } from '../../binlog/transaction-reader.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { Segment } from '../../image/segment.ts'
import type { OperationOptions } from '../../options.ts'

/** Some events of a file, and the transactions that end in them. */
export interface LogBatch {
  /** Bytes that were read for it. */
  readonly bytes: number
  /** Whole events, checked; valid until the next batch is asked for. */
  readonly events: readonly BinlogEvent[]
  /** In log order. */
  readonly transactions: readonly Transaction[]
}

/** What {@link readLogFile} takes. */
export interface ReadLogFileOptions
  extends Pick<OperationOptions, 'signal'>, Pick<TransactionReaderOptions, 'onEvent'> {}

/**
 * Reads the segments of one binlog file, from byte 0 to the end of the last one. Checked on the way: the hashes of every
 * segment, lengths, positions and checksums of the events, that transactions are whole.
 */
export async function* readLogFile(
  archive: Archive,
  segments: readonly Segment[],
  { signal, onEvent }: ReadLogFileOptions,
): AsyncGenerator<LogBatch, void, undefined> {
  const [first] = segments
  if (first === undefined) return
  const reader = new EventReader({ file: first.file })
  const transactionReader = new TransactionReader({ file: first.file, format: first.format, onEvent })
  for (const segment of segments) {
    try {
      for await (const bytes of archive.readSegment(segment, { signal })) {
        const events = reader.push(bytes)
        const transactions = events.flatMap((event) => transactionReader.push(event) ?? [])
        yield { bytes: bytes.length, events, transactions }
      }
    } catch (error) {
      // Bytes that are not what was stored can look like any defect of the log: then that is what is wrong.
      await archive.verifySegment(segment, { signal })
      throw error
    }
  }
  reader.end()
  transactionReader.end()
}
