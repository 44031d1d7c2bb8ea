import { EventReader } from '../binlog/event-reader.ts'
import { TransactionReader } from '../binlog/transaction-reader.ts'
import type { Transaction } from '../binlog/transaction.ts'
import type { Segment } from '../image/segment.ts'
import type { OperationOptions } from '../options.ts'
import type { Archive } from './archive.ts'

/** Yields the transactions of one segment in log order; hashes and event checksums are checked on the way. */
export async function* readTransactions(
  archive: Archive,
  segment: Segment,
  options: Pick<OperationOptions, 'signal'> = {},
): AsyncGenerator<Transaction, void, undefined> {
  try {
    yield* parseTransactions(archive.readSegment(segment, options), segment)
  } catch (error) {
    // Bytes that are not what was stored can look like any defect of the log: then that is what is wrong.
    await archive.verifySegment(segment, options)
    throw error
  }
}

/** The transactions in bytes of a binlog file that begin at a boundary and end at one. */
export async function* parseTransactions(
  bytes: AsyncIterable<Uint8Array>,
  { file, from, format }: Pick<Segment, 'file' | 'from' | 'format'>,
): AsyncGenerator<Transaction, void, undefined> {
  const events = new EventReader({ file, ...(from === 0 ? {} : { start: { offset: from, format } }) })
  const transactions = new TransactionReader({ file, format })
  for await (const chunk of bytes) {
    for (const event of events.push(chunk)) {
      const transaction = transactions.push(event)
      if (transaction !== undefined) yield transaction
    }
  }
  events.end()
  transactions.end()
}
