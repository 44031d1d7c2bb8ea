import { createHash } from 'node:crypto'
import type { Storage } from '../../src/storage/storage.ts'

/** Bytes that follow from a seed. */
export function contentOf(seed: string, bytes: number): Buffer {
  const block = createHash('shake256', { outputLength: 64 * 1024 })
    .update(seed)
    .digest()
  const content = Buffer.alloc(bytes, block)
  // So that no two blocks are alike.
  for (let at = 0; at + 4 <= bytes; at += block.length) content.writeUInt32BE(at, at)
  return content
}

/** Cuts bytes into chunks. */
export async function* chunksOf(content: Uint8Array, chunkBytes: number = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += chunkBytes) yield content.subarray(at, at + chunkBytes)
}

/** Joins what is iterated. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(chunks))
}

/** The keys of a storage below a prefix. */
export async function keysOf(storage: Storage, prefix: string = ''): Promise<string[]> {
  return (await collect(storage.list(prefix))).map(({ key }) => key)
}

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
}

/** Everything that is iterated. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
