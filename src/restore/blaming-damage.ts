import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import { PitrError } from '../errors.ts'
import type { MissingRange } from '../image/chain-break.ts'
import type { TimelineFacts, UnreadableManifest } from '../image/timeline-facts.ts'

/**
 * Does what works on facts alone. Where it fails because something is not among the facts, and a damaged manifest is the
 * reason, the damage is what is thrown: it can be repaired.
 */
export function blamingDamage<Result>({ unreadable = [] }: TimelineFacts, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw unreadable.find((damage) => error instanceof PitrError && explains(damage, error))?.error ?? error
  }
}

function explains(damage: UnreadableManifest, { code, details }: PitrError): boolean {
  switch (damage.kind) {
    case 'image':
      return code === 'NoImage' || code === 'TargetBeforeWindow'
    case 'segment':
      return code === 'BrokenChain' && liesIn(damage, details['missing'] as MissingRange)
    case 'coverage':
      return false
  }
}

function liesIn(
  { fileNumber, from }: Extract<UnreadableManifest, { kind: 'segment' }>,
  missing: MissingRange,
): boolean {
  const first = binlogFileNumber(missing.file)
  // A file of which nothing is known but its identity has no number.
  const last = /\.\d+$/.test(missing.toFile) ? binlogFileNumber(missing.toFile) : Infinity
  const isBehindStart = fileNumber > first || (fileNumber === first && from >= missing.from)
  return isBehindStart && (fileNumber < last || (fileNumber === last && from <= missing.to))
}
