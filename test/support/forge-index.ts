import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serializeSegmentIndex } from '../../src/archive/manifests/segment-index.ts'
import type { SegmentIndex } from '../../src/archive/manifests/segment-index.ts'
import type { Segment } from '../../src/image/segment.ts'
import { digestOf } from '../../src/storage/digester.ts'

/** A segment of an archive in a folder whose stored bytes got another index, with the hashes to it. */
export async function forgeIndex(folder: string, segment: Segment, index: SegmentIndex): Promise<Segment> {
  const path = join(folder, segment.blob.key)
  const stored = await readFile(path)
  const bytes = serializeSegmentIndex(index)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(bytes.length)
  const frames = stored.subarray(0, stored.length - segment.index!.bytes - 4)
  const forged = Buffer.concat([frames, size, bytes])
  await writeFile(path, forged)
  return { ...segment, index: digestOf(bytes), blob: { ...segment.blob, stored: digestOf(forged) } }
}
