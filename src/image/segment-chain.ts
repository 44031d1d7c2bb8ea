import { binlogFileNumber } from '../coordinates/binlog-position.ts'
import type { Flavor } from '../coordinates/flavor.ts'
import { PitrError } from '../errors.ts'
import { findBreak } from './chain-break.ts'
import type { ChainBreak } from './chain-break.ts'
import { contradiction } from './contradiction.ts'
import type { Segment } from './segment.ts'

/**
 * The archived segments of one timeline in the order of the log, and every place where something is missing between
 * them. The order comes from the segments' own links (the range inside a file, the file before); names count, as
 * numbers, only between parts that nothing links.
 *
 * @example
 * ```ts
 * const chain = SegmentChain.of(facts.flavor, facts.segments)
 * chain.prove(0, chain.segments.length - 1) // throws BrokenChain when a byte is missing
 * ```
 */
export class SegmentChain {
  /** In log order. */
  readonly segments: readonly Segment[]
  /** Where history is missing, in log order. */
  readonly breaks: readonly ChainBreak[]
  /** Rank of each archived file in the log, by identity. */
  readonly #ranks: ReadonlyMap<string, number>
  /** The numbers of the files, by rank. */
  readonly #numbers: readonly number[]

  private constructor(files: readonly (readonly Segment[])[], breaks: readonly ChainBreak[]) {
    this.segments = files.flat()
    this.breaks = breaks
    this.#ranks = new Map(files.map((segments, rank) => [segments[0]?.fileId ?? '', rank]))
    this.#numbers = files.map((segments) => binlogFileNumber(segments[0]?.file ?? ''))
  }

  /**
   * Orders the segments of one timeline and finds what is missing between them. Throws `CorruptManifest` when they
   * contradict each other: overlaps, two files after one, a circle, one identity under two names.
   */
  static of(flavor: Flavor, segments: readonly Segment[]): SegmentChain {
    const stray = segments.find(({ timelineId }) => timelineId !== segments[0]?.timelineId)
    if (stray !== undefined) {
      throw contradiction(stray, `${stray.file} belongs to another timeline than ${segments[0]?.file}`)
    }
    const files = orderFiles([...groupByFile(segments).values()].map(orderInFile))
    const ordered = files.flat()
    const breaks = ordered.flatMap((segment, index) => findBreak(flavor, ordered[index - 1], segment, index) ?? [])
    return new SegmentChain(files, breaks)
  }

  /**
   * Rank of a file in the log: a whole number for an archived one; for another one, by the number in its name, a fraction
   * between its neighbours.
   */
  rankOf(fileId: string, file: string): number {
    const rank = this.#ranks.get(fileId)
    if (rank !== undefined) return rank
    const number = binlogFileNumber(file)
    const found = this.#numbers.findIndex((other) => other > number)
    const behind = found < 0 ? this.#numbers.length : found
    // Several such files can lie between the same neighbours: the fraction grows with the number.
    const distance = number - (this.#numbers[behind - 1] ?? 0)
    return behind - 1 / (distance + 2)
  }

  /**
   * Proves that nothing is missing from one segment through another, by their places in {@link SegmentChain.segments};
   * throws `BrokenChain` with the exact range that is.
   */
  prove(first: number, last: number): void {
    const gap = this.breaks.find(({ index }) => index > first && index <= last)
    if (gap !== undefined) throw brokenChain(gap)
  }
}

const RESTORE_HINT =
  'A target before the missing range can be restored, and one after the first image taken behind it. When the bytes are still on the server, archive again.'

/** The error for one missing range. */
export function brokenChain({ missing, reason, details }: ChainBreak, hint: string = RESTORE_HINT): PitrError {
  const { file, from, toFile, to } = missing
  const range = file === toFile ? `${file} from ${from} to ${to}` : `${file}:${from} to ${toFile}:${to}`
  return new PitrError('BrokenChain', {
    subject: range,
    message: `the archived log is not contiguous: ${reason}`,
    hint,
    details: { missing, ...details },
  })
}

function groupByFile(segments: readonly Segment[]): Map<string, Segment[]> {
  const files = new Map<string, Segment[]>()
  for (const segment of segments) {
    const file = files.get(segment.fileId)
    if (file === undefined) files.set(segment.fileId, [segment])
    else file.push(segment)
  }
  return files
}

function orderInFile(segments: readonly Segment[]): Segment[] {
  const ordered = segments.toSorted((a, b) => a.from - b.from || a.to - b.to)
  for (const [i, segment] of ordered.entries()) {
    const { file, from, to } = segment
    if (from >= to) throw contradiction(segment, `a segment of ${file} ends at ${to}, not behind its start ${from}`)
    const before = ordered[i - 1]
    if (before === undefined) continue
    if (before.file !== file) throw contradiction(segment, `one binlog file is named ${before.file} and ${file}`)
    if (before.to > from) {
      throw contradiction(segment, `two segments of ${file} overlap: one ends at ${before.to}, one begins at ${from}`)
    }
    if (before.end !== undefined) {
      throw contradiction(segment, `${file} goes on at ${from} behind its end at ${before.to}`)
    }
  }
  return ordered
}

// A file that names an archived one before it follows that one; the others begin a part of the chain.
function orderFiles(files: readonly Segment[][]): Segment[][] {
  const archived = new Set(files.map(([first]) => first?.fileId))
  const nexts = new Map<string, Segment[]>()
  const heads: Segment[][] = []
  for (const file of files) {
    const [first] = file
    const before = first?.previous?.fileId
    if (first === undefined || before === undefined || !archived.has(before)) {
      heads.push(file)
      continue
    }
    if (nexts.has(before)) {
      throw contradiction(
        first,
        `two binlog files follow the same one: ${nexts.get(before)?.[0]?.file} and ${first.file}`,
      )
    }
    nexts.set(before, file)
  }
  const ordered: Segment[][] = []
  for (const head of heads.toSorted((a, b) => numberOf(a) - numberOf(b))) {
    for (let file: Segment[] | undefined = head; file !== undefined; file = nexts.get(file[0]?.fileId ?? '')) {
      ordered.push(file)
    }
  }
  const [left] = files.filter((file) => ordered.length < files.length && !ordered.includes(file))
  if (left?.[0] !== undefined) throw contradiction(left[0], `${left[0].file} follows itself over other files`)
  return ordered
}

function numberOf([first]: readonly Segment[]): number {
  return binlogFileNumber(first?.file ?? '')
}
