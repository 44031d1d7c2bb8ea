import type { ChainBreak } from './chain-break.ts'
import type { SegmentChain } from './segment-chain.ts'
import type { ImageFacts, TimelineFacts } from './timeline-facts.ts'

/**
 * What is missing behind the last archived segment: the coverage or an image says that there was more. `images` are in log
 * order. Undefined when nothing is known to be missing.
 */
export function findLostEnd(
  { coveredUntil }: TimelineFacts,
  chain: SegmentChain,
  images: readonly ImageFacts[],
): ChainBreak | undefined {
  const last = chain.segments.at(-1)
  if (last === undefined) return undefined
  const index = chain.segments.length
  const missing = { file: last.file, from: last.to }
  const beyond = images.find((image) => isBeyond(chain, image))
  if (beyond !== undefined) {
    const { file, offset } = beyond.position
    return {
      index,
      missing: { ...missing, toFile: file, to: offset },
      reason: `the log ends at ${last.file}:${last.to}, before image ${beyond.id} at ${file}:${offset}`,
      details: {},
    }
  }
  if (coveredUntil === undefined) return undefined
  const { fileId, offset } = coveredUntil
  const file = chain.segments.findLast((segment) => segment.fileId === fileId)?.file
  if (file !== undefined && (last.fileId !== fileId || offset <= last.to)) return undefined
  const toFile = file ?? `the file with identity ${fileId}`
  return {
    index,
    missing: { ...missing, toFile, to: offset },
    reason: `the log ends at ${last.file}:${last.to}, but it was archived to ${toFile} at ${offset}`,
    details: {},
  }
}

/** Whether an image lies behind the last archived segment. */
export function isBeyond(chain: SegmentChain, { fileId, position }: ImageFacts): boolean {
  const last = chain.segments.at(-1)
  if (last === undefined) return false
  const behind = chain.rankOf(fileId, position.file) - chain.rankOf(last.fileId, last.file)
  return behind > 0 || (behind === 0 && position.offset > last.to)
}
