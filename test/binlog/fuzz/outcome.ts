import { EventReader } from '../../../src/binlog/event-reader.ts'
import { readFileHead } from '../../../src/binlog/file-head.ts'
import { SegmentFactsBuilder } from '../../../src/binlog/segment-facts.ts'
import { TransactionReader } from '../../../src/binlog/transaction-reader.ts'
import { PitrError } from '../../../src/errors.ts'

const FILE = 'binlog.000001'
/** Enough for the head of every recorded log. */
const HEAD_BYTES = 1024
/** What damaged bytes may be called. */
const PROBLEMS: ReadonlySet<string> = new Set([
  'CorruptBinlog',
  'TruncatedBinlog',
  'UnsupportedEvent',
  'EncryptedBinlog',
])

/**
 * Reads bytes as an archiver does: the head, events, transactions and facts. Returns `read`, or the code of the error that
 * ended it. Throws any other error, and one that does not name file and offset.
 */
export function outcomeOf(bytes: Buffer, chunkBytes: number): string {
  try {
    readAll(bytes, chunkBytes)
    return 'read'
  } catch (error) {
    if (!(error instanceof PitrError) || !PROBLEMS.has(error.code)) throw error
    const { file, offset } = error.details
    if (file !== FILE || typeof offset !== 'number' || offset < 0 || offset > bytes.length) throw error
    return error.code
  }
}

function readAll(bytes: Buffer, chunkBytes: number): void {
  const first = new EventReader({ file: FILE }).push(bytes.subarray(0, HEAD_BYTES))
  const head = readFileHead(FILE, first)
  const reader = new EventReader({ file: FILE })
  const transactions = new TransactionReader({ file: FILE, format: head?.format })
  const facts = new SegmentFactsBuilder({
    file: FILE,
    fileId: head?.fileId ?? '',
    flavor: head?.format.flavor ?? 'mysql',
    gtidsBefore: head?.previousGtids,
  })
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // Overwritten afterwards, as a reused buffer would be: nothing may be kept of it.
    const chunk = Buffer.from(bytes.subarray(at, at + chunkBytes))
    for (const event of reader.push(chunk)) {
      const transaction = transactions.push(event)
      // Whatever is made of a transaction later, its time is printed.
      transaction?.commitTime.toString()
      facts.add(event, transaction, transactions.atBoundary)
    }
    chunk.fill(0xee)
  }
  facts.take()
  reader.end()
  transactions.end()
}
