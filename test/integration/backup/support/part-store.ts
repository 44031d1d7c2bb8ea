import { createHash } from 'node:crypto'

import type { BackupContext, LoadContext } from '../../../../src/backup/backup-method.ts'
import type { BackupPart } from '../../../../src/image/backup-image.ts'

/** Parts in memory, stored as the contract says: nothing when the bytes throw. */
export class PartStore {
  readonly parts: Map<string, Buffer> = new Map()

  readonly storePart: BackupContext['storePart'] = async (name, bytes) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    const content = Buffer.concat(chunks)
    this.parts.set(name, content)
    return partOf(name, content)
  }

  readonly readPart: LoadContext['readPart'] = async function* (this: PartStore, part: BackupPart) {
    const content = this.parts.get(part.name)
    if (content === undefined) throw new Error(`no part ${part.name}`)
    for (let at = 0; at < content.length; at += 65_536) yield await Promise.resolve(content.subarray(at, at + 65_536))
  }.bind(this)

  /** The dump as text, a character a byte. */
  get data(): string {
    return this.parts.get('data')?.toString('latin1') ?? ''
  }
}

/** The part a store makes of these bytes. */
export function partOf(name: string, content: Uint8Array): BackupPart {
  const digest = { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
  return { name, blob: { key: name, codec: 'zstd', content: digest, stored: digest } }
}
