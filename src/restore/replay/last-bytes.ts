/** Keeps the end of what runs past, whatever its length. */
export class LastBytes {
  readonly #limit: number
  #bytes: Buffer = Buffer.alloc(0)

  /** @param limit how many bytes are kept */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Adds what came next. */
  add(chunk: Uint8Array): void {
    const end = chunk.subarray(-this.#limit)
    this.#bytes = Buffer.concat([this.#bytes.subarray(Math.max(0, this.#bytes.length + end.length - this.#limit)), end])
  }

  /** The end, as text. */
  text(): string {
    return this.#bytes.toString('utf8')
  }
}
