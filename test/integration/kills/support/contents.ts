import { createHash } from 'node:crypto'
import { Archive } from '../../../../src/archive/archive.ts'
import { SegmentChain } from '../../../../src/image/segment-chain.ts'
import { directoryStorage } from '../../../../src/index.ts'
import { readTransactions } from '../../../../src/archive/read-transactions.ts'

/** What an archive holds, every byte of it read and checked: equal archives, equal contents. */
export interface Contents {
  /** The text of each backup that says what was in the tables, in the order the images were taken. */
  readonly backups: readonly { readonly position: string; readonly gtids: string | undefined; readonly data: string }[]
  /** The bytes of each binlog file. */
  readonly files: Readonly<Record<string, string>>
  readonly transactions: number
  /** Where the record of coverage says that the log ends. */
  readonly coveredTo: string
}

/** Reads all of an archive. Throws when anything in it is not whole, does not join, or is only half there. */
export async function contentsOf(folder: string): Promise<Contents> {
  const archive = await Archive.open(directoryStorage(folder))
  const { flavor, images, segments, damaged, coveredUntil } = await archive.readFacts((await archive.timeline()).id)
  if (damaged.length > 0) throw new Error(`damaged: ${JSON.stringify(damaged)}`)
  const chain = SegmentChain.of(flavor, segments)
  chain.prove(0, segments.length - 1)

  const hashes = new Map<string, ReturnType<typeof createHash>>()
  let transactions = 0
  for (const segment of chain.segments) {
    const hash = hashes.get(segment.file) ?? createHash('sha256')
    hashes.set(segment.file, hash)
    for await (const bytes of archive.readSegment(segment)) hash.update(bytes)
    for await (const transaction of readTransactions(archive, segment)) transactions += Number(transaction.start > 0)
  }
  const backups: Contents['backups'][number][] = []
  for (const image of images.toSorted((a, b) => a.startTime.compare(b.startTime))) {
    const { position, gtidSet, backup } = image
    const chunks: Uint8Array[] = []
    for (const part of backup.parts) for await (const chunk of archive.readBackupPart(part)) chunks.push(chunk)
    backups.push({
      position: `${position.file}:${position.offset}`,
      gtids: gtidSet?.toString(),
      data: hashOfDump(Buffer.concat(chunks).toString('latin1')),
    })
  }
  return {
    backups,
    files: Object.fromEntries([...hashes].map(([file, hash]) => [file, hash.digest('hex')])),
    transactions,
    coveredTo: `${coveredUntil?.fileId}:${coveredUntil?.offset}`,
  }
}

/** Comments hold times. */
function hashOfDump(text: string): string {
  return createHash('sha256')
    .update(text.replaceAll(/^--.*$/gm, ''), 'latin1')
    .digest('hex')
}
