import { createHash } from 'node:crypto'
import type { Digest } from '../image/segment.ts'

/** Counts and hashes bytes that pass by. */
export class Digester {
  readonly #hash = createHash('sha256')
  #bytes = 0
  #digest: Digest | undefined

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes bytes. Not after {@link Digester.digest}. */
  add(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#bytes += chunk.byteLength
  }

  /** Size and hash of everything that was added. */
  digest(): Digest {
    this.#digest ??= { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
    return this.#digest
  }

  /** Whether that is `expected`. */
  equals(expected: Digest): boolean {
    const { bytes, sha256 } = this.digest()
    return bytes === expected.bytes && sha256 === expected.sha256
  }
}

/** Size and hash of bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  const digester = new Digester()
  digester.add(bytes)
  return digester.digest()
}
