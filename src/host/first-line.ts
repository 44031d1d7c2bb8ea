import { Transform } from 'node:stream'
import type { TransformCallback } from 'node:stream'

const NEWLINE = 10
/** Longer than any number; what has no line end by then is something else. */
const LIMIT_BYTES = 1024

/** Passes bytes on but for the first line, which it keeps. */
export class FirstLine extends Transform {
  readonly #found = Promise.withResolvers<string | undefined>()
  #start: Buffer | undefined = Buffer.alloc(0)

  /** The line; undefined when the bytes ended, or went on, without one. */
  get line(): Promise<string | undefined> {
    return this.#found.promise
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#start === undefined) return done(null, chunk)
    this.#start = Buffer.concat([this.#start, chunk])
    const end = this.#start.indexOf(NEWLINE)
    if (end < 0 && this.#start.length < LIMIT_BYTES) return done()
    const rest = this.#start.subarray(end + 1)
    this.#found.resolve(end < 0 ? undefined : this.#start.toString('utf8', 0, end))
    this.#start = undefined
    if (rest.length > 0) this.push(rest)
    done()
  }

  override _flush(done: TransformCallback): void {
    if (this.#start !== undefined && this.#start.length > 0) this.push(this.#start)
    this.#found.resolve(undefined)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#found.resolve(undefined)
    done(error)
  }
}
