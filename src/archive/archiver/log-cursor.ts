import type { BinlogPacket } from '../../server/replication/binlog-stream.ts'

/** Reads a stream of packet batches one packet at a time, with a look at the next one, and closes it when left. */
export class LogCursor implements AsyncDisposable {
  readonly #batches: AsyncIterator<readonly BinlogPacket[]>
  #batch: readonly BinlogPacket[] = []
  #next = 0

  constructor(batches: AsyncIterable<readonly BinlogPacket[]>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** The packets at hand, without waiting; empty when `fill` must be called. Take them with {@link LogCursor.advance}. */
  get current(): BinlogPacket | undefined {
    return this.#batch[this.#next]
  }

  /** Goes behind the current packet. */
  advance(): void {
    this.#next++
  }

  /** Waits until there is a current packet; false at the end of the log. */
  async fill(): Promise<boolean> {
    while (this.#next >= this.#batch.length) {
      const result = await this.#batches.next()
      if (result.done === true) return false
      this.#batch = result.value
      this.#next = 0
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batches.return?.()
  }
}
