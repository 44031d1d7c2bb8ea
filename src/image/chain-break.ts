import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import type { Flavor } from '../coordinates/flavor.ts'
import { parseGtidSet } from '../coordinates/parse-gtid-set.ts'
import { contradiction } from './contradiction.ts'
import type { Segment } from './segment.ts'

/** A range of log: from a byte of one file to a byte of the same or a later one. */
export interface MissingRange {
  /** The file it begins in. */
  readonly file: string
  /** Its first byte there. */
  readonly from: number
  /** The file it ends in. */
  readonly toFile: string
  /** The byte behind its last one there. */
  readonly to: number
}

/** A place in a chain of segments where history is missing. */
export interface ChainBreak {
  /** Place in the chain of the first segment behind it; 0 when the beginning of the first file is missing. */
  readonly index: number
  /** What is missing. Names of files that were never archived follow from the numbers. */
  readonly missing: MissingRange
  /** The same in words. */
  readonly reason: string
  /** The facts that disagree. */
  readonly details: Readonly<Record<string, unknown>>
}

/** What is missing between two neighbours in log order, if anything. Throws `CorruptManifest` when they cannot both be true. */
export function findBreak(
  flavor: Flavor,
  before: Segment | undefined,
  segment: Segment,
  index: number,
): ChainBreak | undefined {
  const missing = before === undefined ? missingHead(segment) : missingBetween(before, segment)
  if (missing !== undefined) return { index, missing, reason: describe(missing), details: linkDetails(before, segment) }
  if (before === undefined || sameGtids(flavor, before.gtidsAfter, segment.gtidsBefore)) return undefined
  const { file, from } = segment
  return {
    index,
    missing: { file, from, toFile: file, to: from },
    reason: `at ${file}:${from} the GTIDs executed before do not equal those at the end of ${before.file}:${before.to}`,
    details: { ...linkDetails(before, segment), gtidsAfter: before.gtidsAfter, gtidsBefore: segment.gtidsBefore },
  }
}

function missingHead({ file, from }: Segment): MissingRange | undefined {
  return from === 0 ? undefined : { file, from: 0, toFile: file, to: from }
}

function missingBetween(before: Segment, segment: Segment): MissingRange | undefined {
  const { file, fileId, from, previous } = segment
  if (before.fileId === fileId) {
    return from === before.to ? undefined : { file, from: before.to, toFile: file, to: from }
  }
  if (from === 0 && previous?.fileId === before.fileId) return missingTail(before, segment, previous.to)
  const start = { file: before.file, from: before.to }
  if (from > 0) return { ...start, toFile: file, to: from }
  if (previous === undefined) return { ...start, toFile: file, to: 0 }
  // The file before is not the archived one. Its name follows from the numbers, which count up without holes.
  const toFile = nameBefore(file)
  return toFile === before.file
    ? { file: toFile, from: 0, toFile, to: previous.to }
    : { ...start, toFile, to: previous.to }
}

function missingTail(before: Segment, segment: Segment, end: number): MissingRange | undefined {
  if (end === before.to) return undefined
  if (end < before.to || before.end !== undefined) {
    throw contradiction(
      segment,
      `${before.file} is archived to ${before.to}, but ${segment.file} says it ended at ${end}`,
    )
  }
  return { file: before.file, from: before.to, toFile: before.file, to: end }
}

function nameBefore(file: string): string {
  const dot = file.lastIndexOf('.')
  const digits = file.length - dot - 1
  const number = String(binlogFileNumber(file) - 1)
  // `.999999` is followed by `.1000000`: only the short numbers are padded.
  return `${file.slice(0, dot)}.${number.padStart(Math.min(digits, 6), '0')}`
}

function sameGtids(flavor: Flavor, after = '', before = ''): boolean {
  return after === before || parseGtidSet(flavor, after).equals(parseGtidSet(flavor, before))
}

function describe({ file, from, toFile, to }: MissingRange): string {
  return file === toFile
    ? `${file} is missing from byte ${from} to ${to}`
    : `everything is missing from ${file}:${from} to ${toFile}:${to}`
}

function linkDetails(before: Segment | undefined, { fileId, file, from, previous }: Segment): Record<string, unknown> {
  return {
    after:
      before === undefined
        ? null
        : { fileId: before.fileId, file: before.file, to: before.to, end: before.end ?? null },
    before: { fileId, file, from, previous: previous ?? null },
  }
}
