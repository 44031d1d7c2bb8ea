import { EventType } from '../../binlog/event-type.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { uncompressedLength } from '../../binlog/uncompressed-rows.ts'
import { OpenEntries } from './open-entries.ts'
import { unpackedBytes } from '../../binlog/transaction-payload.ts'
import { LARGE_STATEMENTS_BYTES } from './planned-file.ts'

/** What the row events of a transaction gain when they are unpacked. */
interface Gain {
  readonly offset: number
  bytes: number
}

/**
 * Finds large transactions that are more than row events. A replayer that applies them piece by piece cannot know it before
 * their end. It may get them larger than they are in the log, cut as servers apply them right: see
 * {@link LARGE_STATEMENTS_BYTES}.
 */
export class LargeStatements {
  /** Where they begin. */
  readonly starts: Set<number> = new Set()
  readonly #gains = new OpenEntries<Gain>()
  #gain: Gain | undefined

  /** Takes the next event. */
  add(event: BinlogEvent): void {
    if (event.type === EventType.TransactionPayload) {
      this.#gains.add({ offset: event.offset, bytes: unpackedBytes(event) })
      return
    }
    // Only MariaDB compresses row events one by one, and it begins every transaction with a GTID.
    if (event.type === EventType.MariadbGtid) this.#gain = undefined
    const bytes = uncompressedLength(event) - event.length
    if (bytes <= 0) return
    if (this.#gain === undefined) {
      this.#gain = { offset: event.offset, bytes: 0 }
      this.#gains.add(this.#gain)
    }
    this.#gain.bytes += bytes
  }

  /** The transaction, whose events were taken, is replayed. */
  addReplayed(transaction: Transaction): void {
    const [gain] = this.#gains.take(transaction)
    const { start, end, rowsObstacle } = transaction
    const bytes = end - start + (gain?.bytes ?? 0)
    if (rowsObstacle !== undefined && bytes > LARGE_STATEMENTS_BYTES) this.starts.add(start)
  }

  /** The transaction is not replayed. */
  leaveOut(transaction: Transaction): void {
    this.#gains.take(transaction)
  }
}
