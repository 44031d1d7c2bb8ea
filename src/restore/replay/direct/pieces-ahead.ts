import type { LogPiece } from './read-pieces.ts'

/** The pieces of a file in order, with a look at those to come. */
export class PiecesAhead implements AsyncDisposable {
  readonly #source: AsyncIterator<LogPiece>
  readonly #ahead: LogPiece[] = []
  #ended = false

  constructor(source: AsyncIterable<LogPiece>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The piece `index` places ahead, 0 for the next one; undefined behind the last. */
  async peek(index = 0): Promise<LogPiece | undefined> {
    while (this.#ahead.length <= index && !this.#ended) {
      const next: IteratorResult<LogPiece, unknown> = await this.#source.next()
      if (next.done === true) this.#ended = true
      else this.#ahead.push(next.value)
    }
    return this.#ahead[index]
  }

  /** Reads no further. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.()
  }

  /** Takes the next piece. */
  take(): LogPiece | undefined {
    return this.#ahead.shift()
  }
}
