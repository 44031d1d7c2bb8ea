import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'

// How content becomes stored bytes: zstd frames of 1 MiB of content each, so that a part can be read without the rest. In
// front of each frame stands a skippable frame with its size, as pzstd writes them; a trailer can follow in another
// skippable frame. Every zstd program reads the content (https://www.rfc-editor.org/rfc/rfc8878#name-skippable-frames).
//
//   50 2A 4D 18 | 04 00 00 00 | size of the frame, 4 bytes little-endian | the frame     for each MiB, at least once
//   51 2A 4D 18 | size of the trailer, 4 bytes little-endian | the trailer              at most once, at the end
//
// Node's own decoder of a stream stops behind the first frame, so frames are decoded one by one.

/** Content of a frame; the last one may be smaller. */
export const FRAME_BYTES: number = 1024 * 1024

/** What is needed to read one frame alone. */
export interface Frame {
  /** Stored bytes, with those in front of it that tell its size. */
  readonly storedBytes: number
  /** SHA-256 of its content, in lower-case hex. */
  readonly sha256: string
}

/** What stored bytes consist of. */
export type DecodedPart =
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'trailer'; readonly bytes: Buffer }

/** Stored bytes that are no frames. */
export class MalformedFrames extends Error {}

const FRAME_MAGIC = 0x18_4d_2a_50
const TRAILER_MAGIC = 0x18_4d_2a_51
const MAGIC_AND_SIZE_BYTES = 8
const FRAME_HEADER_BYTES = 12

/** What zstd needs at most for a MiB that cannot be compressed, with something to spare. */
const MAX_FRAME_STORED_BYTES = FRAME_BYTES + FRAME_BYTES / 64
/** More than any trailer needs; less than what would fill the memory when a damaged blob offers it. */
const MAX_TRAILER_BYTES = 16 * 1024 * 1024

/**
 * The most memory a frame may ask for to be decompressed, as a power of two: 8 MiB, which is what every level up to 19
 * stays within and every decoder supports (https://www.rfc-editor.org/rfc/rfc8878#name-window-descriptor).
 */
const MAX_WINDOW_LOG = 23

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Cuts bytes into the content of frames. Each piece is valid until the next one is asked for. One empty piece when there are no bytes. */
export async function* cutFrames(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  const frame = Buffer.allocUnsafe(FRAME_BYTES)
  let filled = 0
  let isFirst = true
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength;) {
      const count = Math.min(FRAME_BYTES - filled, chunk.byteLength - at)
      frame.set(chunk.subarray(at, at + count), filled)
      filled += count
      at += count
      if (filled < FRAME_BYTES) continue
      yield frame
      filled = 0
      isFirst = false
    }
  }
  if (filled > 0 || isFirst) yield frame.subarray(0, filled)
}

/** One frame with what stands in front of it. */
export async function encodeFrame(content: Buffer, level: number): Promise<Buffer> {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
  const encoded = await compress(content, { params })
  return Buffer.concat([frameHeader(encoded.length), encoded])
}

/** Whether a frame decodes to this content. */
export async function decodesTo(frame: Buffer, content: Buffer): Promise<boolean> {
  try {
    return (await decodeFrame(frame.subarray(FRAME_HEADER_BYTES))).equals(content)
  } catch {
    return false
  }
}

/** The trailer with what stands in front of it. Throws `RangeError` when it is too large. */
export function encodeTrailer(trailer: Uint8Array): Buffer {
  if (trailer.byteLength > MAX_TRAILER_BYTES) throw new RangeError(`a trailer of ${trailer.byteLength} bytes`)
  return Buffer.concat([magicAndSize(TRAILER_MAGIC, trailer.byteLength), trailer])
}

/** Stored bytes of a trailer of this size. */
export function trailerStoredBytes(bytes: number): number {
  return MAGIC_AND_SIZE_BYTES + bytes
}

/**
 * Decodes stored bytes, from the beginning of a frame to the end of one. Throws {@link MalformedFrames}, or what zstd
 * throws; whether the content is the right one is for the caller to check.
 */
export async function* decodeFrames(stored: AsyncIterable<Uint8Array>): AsyncGenerator<DecodedPart, void, undefined> {
  let chunks: Uint8Array[] = []
  let bytes = 0
  let needed = MAGIC_AND_SIZE_BYTES
  let isEnded = false
  for await (const chunk of stored) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    // A part is put together once, when it is complete.
    if (bytes < needed) continue
    let rest = Buffer.concat(chunks, bytes)
    for (needed = partBytes(rest); needed <= rest.length; needed = partBytes(rest)) {
      if (isEnded) throw new MalformedFrames('something follows the trailer')
      isEnded = rest.readUInt32LE(0) === TRAILER_MAGIC
      if (isEnded) yield { kind: 'trailer', bytes: rest.subarray(MAGIC_AND_SIZE_BYTES, needed) }
      else yield { kind: 'content', bytes: await decodeFrame(rest.subarray(FRAME_HEADER_BYTES, needed)) }
      rest = rest.subarray(needed)
    }
    chunks = [rest]
    bytes = rest.length
  }
  if (bytes > 0) throw new MalformedFrames('the last frame is not complete')
}

/** SHA-256 of the content of a frame. */
export function hashFrame(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

async function decodeFrame(frame: Buffer): Promise<Buffer> {
  const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG }
  return await decompress(frame, { maxOutputLength: FRAME_BYTES, params })
}

/** Size of the frame or trailer that begins here; as much as is needed to know it when less is at hand. */
function partBytes(bytes: Buffer): number {
  if (bytes.length < MAGIC_AND_SIZE_BYTES) return MAGIC_AND_SIZE_BYTES
  const magic = bytes.readUInt32LE(0)
  const size = bytes.readUInt32LE(4)
  if (magic === TRAILER_MAGIC) {
    if (size > MAX_TRAILER_BYTES) throw new MalformedFrames(`a trailer of ${size} bytes`)
    return MAGIC_AND_SIZE_BYTES + size
  }
  if (magic !== FRAME_MAGIC || size !== 4) throw new MalformedFrames('no frame begins where one should')
  if (bytes.length < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES
  const frameBytes = bytes.readUInt32LE(MAGIC_AND_SIZE_BYTES)
  if (frameBytes > MAX_FRAME_STORED_BYTES) throw new MalformedFrames(`a frame of ${frameBytes} bytes`)
  return FRAME_HEADER_BYTES + frameBytes
}

function frameHeader(size: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  magicAndSize(FRAME_MAGIC, 4).copy(header)
  header.writeUInt32LE(size, MAGIC_AND_SIZE_BYTES)
  return header
}

function magicAndSize(magic: number, size: number): Buffer {
  const bytes = Buffer.alloc(MAGIC_AND_SIZE_BYTES)
  bytes.writeUInt32LE(magic, 0)
  bytes.writeUInt32LE(size, 4)
  return bytes
}
