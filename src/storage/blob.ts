import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { PitrError } from '../errors.ts'
import type { Blob } from '../image/segment.ts'
import { abortable } from './abortable.ts'
import { Digester, metered } from './digester.ts'
import { RoundTrip } from './round-trip.ts'
import type { ByteRange, Storage, StorageOptions } from './storage.ts'
import { through } from './through.ts'

/** Options of {@link writeBlob}. */
export interface WriteBlobOptions extends StorageOptions {
  /** zstd level, 1 to 19. @default {@link DEFAULT_ZSTD_LEVEL} */
  readonly zstdLevel?: number | undefined
}

/** Binary logs: level 1 compresses 560 MB/s to a third; level 3 takes twice the time for 2 % less. */
const DEFAULT_ZSTD_LEVEL = 1

/**
 * The most memory a blob may ask for to be decompressed, as a power of two: 8 MiB, which is what every level up to 19
 * stays within and every decoder supports (https://www.rfc-editor.org/rfc/rfc8878#name-window-descriptor).
 */
const MAX_WINDOW_LOG = 23

/** Bytes that leave a codec at a time. */
const CODEC_CHUNK_BYTES = 128 * 1024

/**
 * Compresses, hashes and stores bytes in one pass with bounded memory. What was compressed is decompressed again as it is
 * written, and becomes visible only when that is the content: a codec that errs costs a write, not a backup.
 *
 * Throws `ChecksumMismatch` when the codec erred, and what {@link Storage.write} throws: an error of `bytes` is passed on.
 */
export async function writeBlob(
  storage: Storage,
  key: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: WriteBlobOptions = {},
): Promise<Blob> {
  const level = checkLevel(options.zstdLevel ?? DEFAULT_ZSTD_LEVEL)
  const content = new Digester()
  const stored = new Digester()

  async function* body(): AsyncGenerator<Uint8Array> {
    const source = metered(abortable(bytes, options.signal, `writing ${key}`), content)
    await using roundTrip = new RoundTrip(decoder())
    for await (const chunk of through(source, encoder(level))) {
      stored.add(chunk)
      await roundTrip.add(chunk)
      yield chunk
    }
    if (!(await roundTrip.finish(content.digest()))) throw codecErred(key)
  }

  await storage.write(key, body(), { signal: options.signal })
  return { key, codec: 'zstd', content: content.digest(), stored: stored.digest() }
}

/** Options of {@link readBlob}. */
export interface ReadBlobOptions extends StorageOptions {
  /** Which bytes of the content are wanted. The whole blob is read and checked all the same. @default all */
  readonly range?: ByteRange | undefined
}

/**
 * The content of a blob, checked: sizes and SHA-256 of the stored bytes and of the content. The last check comes behind
 * the last byte, so **only an iteration that ended is proof**; who leaves early has unchecked bytes. Never yields more
 * than `blob.content.bytes`, whatever the stored bytes would expand to.
 *
 * Throws `ChecksumMismatch` or `ObjectMissing`, with the key.
 */
export async function* readBlob(
  storage: Storage,
  blob: Blob,
  options: ReadBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, end } = options.range ?? { start: 0, end: blob.content.bytes }
  const content = new Digester()
  for await (const chunk of through(storedBytes(storage, blob, options), decoder(), (cause) => damaged(blob, cause))) {
    const from = content.bytes
    content.add(chunk)
    if (content.bytes > blob.content.bytes) throw mismatch(blob, 'expands to more than its manifest records')
    const wanted = chunk.subarray(Math.max(0, start - from), Math.max(0, end - from))
    if (wanted.byteLength > 0) yield wanted
  }
  if (!content.equals(blob.content)) throw mismatch(blob, 'holds other content than its manifest records')
}

/** Reads a whole blob and checks it, without keeping anything. Throws as {@link readBlob}. */
export async function verifyBlob(storage: Storage, blob: Blob, options: StorageOptions = {}): Promise<void> {
  const content = new Digester()
  for await (const chunk of readBlob(storage, blob, options)) content.add(chunk)
}

async function* storedBytes(storage: Storage, blob: Blob, options: StorageOptions): AsyncGenerator<Uint8Array> {
  const stored = new Digester()
  for await (const chunk of storage.read(blob.key, { signal: options.signal })) {
    stored.add(chunk)
    if (stored.bytes > blob.stored.bytes) break
    yield chunk
  }
  if (stored.bytes !== blob.stored.bytes) throw mismatch(blob, 'has another size than its manifest records')
  if (!stored.equals(blob.stored)) throw mismatch(blob, 'has other bytes than its manifest records')
}

function encoder(level: number): ReturnType<typeof createZstdCompress> {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
  return createZstdCompress({ chunkSize: CODEC_CHUNK_BYTES, params })
}

function decoder(): ReturnType<typeof createZstdDecompress> {
  return createZstdDecompress({
    chunkSize: CODEC_CHUNK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  })
}

function checkLevel(level: number): number {
  if (Number.isInteger(level) && level >= 1 && level <= 19) return level
  throw new PitrError('InvalidArgument', {
    subject: 'zstdLevel',
    message: `${level} is not a zstd level`,
    hint: 'Levels are 1 (fast) to 19 (small).',
  })
}

function codecErred(key: string): PitrError {
  return new PitrError('ChecksumMismatch', {
    subject: key,
    message: `${key} was not written: what was compressed does not decompress to what was given`,
    hint: 'This points at faulty memory or a faulty zstd library. Test the memory of this machine, then run the operation again.',
    details: { key },
  })
}

function damaged(blob: Blob, cause: unknown): PitrError {
  return mismatch(blob, 'cannot be decompressed', cause)
}

function mismatch(blob: Blob, why: string, cause?: unknown): PitrError {
  return new PitrError('ChecksumMismatch', {
    subject: blob.key,
    message: `${blob.key} ${why}`,
    hint: 'The stored object is damaged. Restore it from a copy of the archive, or recover from another image.',
    details: { key: blob.key, expected: { content: blob.content, stored: blob.stored } },
    cause,
  })
}
