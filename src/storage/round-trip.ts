import { once } from 'node:events'
import type { Transform } from 'node:stream'
import type { Digest } from '../image/segment.ts'
import { Digester } from './digester.ts'

/** Decodes what an encoder produced, while it produces it, and tells whether that is the content. */
export class RoundTrip implements AsyncDisposable {
  readonly #decoder: Transform
  readonly #decoded = new Digester()
  readonly #ended: Promise<{ readonly error: unknown } | undefined>

  constructor(decoder: Transform) {
    this.#decoder = decoder
    this.#ended = this.#digestAll().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
  }

  /** Takes encoded bytes; resolves when there is room for more. */
  async add(chunk: Uint8Array): Promise<void> {
    if (this.#decoder.destroyed || this.#decoder.write(chunk)) return
    // A decoder that breaks never drains.
    await Promise.race([once(this.#decoder, 'drain').catch(() => undefined), this.#ended])
  }

  /** Whether all that was added decodes to `content`. */
  async finish(content: Digest): Promise<boolean> {
    if (!this.#decoder.destroyed) this.#decoder.end()
    const broken = await this.#ended
    return broken === undefined && this.#decoded.equals(content)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#decoder.destroy()
    await this.#ended
  }

  async #digestAll(): Promise<void> {
    for await (const chunk of this.#decoder) this.#decoded.add(chunk as Uint8Array)
  }
}
