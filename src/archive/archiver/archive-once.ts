import { setTimeout as sleep } from 'node:timers/promises'

import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { compareBinlogPositions, formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { Timestamp } from '../../coordinates/timestamp.ts'
import { PitrError } from '../../errors.ts'
import type { Segment } from '../../image/segment.ts'
import { throwIfAborted } from '../../options.ts'
import type { OperationOptions } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { requirePreflight } from '../../server/preflight.ts'
import type { CommitsUntil } from '../../server/flavor/flavor-dialect.ts'
import type { Server } from '../../server/server.ts'
import type { Archive, ArchiveFacts, Timeline } from '../archive.ts'
import type { PassCoverage } from '../coverage.ts'
import { isCode } from '../is-code.ts'
import { cutSegments } from './cut-segments.ts'
import { openLog } from './open-log.ts'
import { resumePoint } from './resume-point.ts'
import type { ResumePoint, ServerBinlog } from './resume-point.ts'
import { requireSource } from './source.ts'

/** What one archive pass did. */
export interface ArchiveReport {
  /** The timeline that grew. */
  readonly timelineId: string
  /** Where the archived log ends now. */
  readonly end: BinlogPosition
  /** The segments this pass wrote, in log order; none when the archive was up to date. */
  readonly segments: readonly Segment[]
  /** Bytes of binary log in them. */
  readonly bytes: number
  /** Transactions in them. */
  readonly transactions: number
  /**
   * The time, by the server's clock, through which the archive is known to be complete. The year 1970 where nothing is
   * known: on a MariaDB replica, as long as the archive holds no transaction.
   */
  readonly coveredUntil: Timestamp
}

/** What {@link archiveOnce} takes. */
export interface ArchiveOnceOptions extends OperationOptions {
  /** The binlog file to begin with when nothing is archived yet: the one that holds the first image's position. */
  readonly firstFile: string | undefined
}

/** How often another archiver may be faster in one pass before this is no coincidence. */
const ATTEMPTS = 20
/** How long a server may take to bring a transaction to disk that it has named the end of. */
const SYNC_TIMEOUT_MS = 30_000
const SYNC_POLL_MS = 20
/** Before any commit. */
const NOTHING_KNOWN = new Timestamp(0, 'microsecond')

/**
 * Ships what the server's binary log holds beyond the archive, once, the active file included, and records until when
 * the archive is complete. Running it again, also after a kill, goes on where the last complete segment ended.
 *
 * Two passes at once are safe: a place in the log has one manifest, so the slower one finds it taken, and goes on behind
 * what the other one wrote; it compares the bytes there with the server's like any pass does.
 */
export async function archiveOnce(
  archive: Archive,
  timeline: Timeline,
  server: Server,
  options: ArchiveOnceOptions,
): Promise<ArchiveReport> {
  throwIfAborted(options.signal, 'archiving')
  requireSource(timeline, server)
  await requirePreflight(server, 'archive', options)

  // Asked before the end: every commit up to that moment lies before the end, so the pass covers it.
  const source = await server.withSession(async (session) => ({
    commits: await server.dialect.commitsUntil(session),
    end: (await server.dialect.binlogEnd(session)).position,
  }))
  const written: Segment[] = []
  const facts = await fetchThrough(source.end, archive, timeline, server, written, options)
  const last = facts.segments.at(-1) as Segment
  const fileIds = new Set(facts.segments.map(({ fileId }) => fileId))
  const coverage = { fileId: last.fileId, offset: last.to, fileIds }
  const complete = completeUntil(source.commits, facts.segments, server)
  const coveredUntil = await archive.recordCoverage(timeline.id, { ...coverage, ...complete }, options)
  await archive.writeCatalogue(facts, options)
  return {
    timelineId: timeline.id,
    end: { file: last.file, offset: last.to },
    segments: written,
    bytes: written.reduce((sum, { from: start, to }) => sum + to - start, 0),
    transactions: written.reduce((sum, { counts }) => sum + counts.transactions, 0),
    coveredUntil,
  }
}

/**
 * Fetches until the archived log reaches `end`, and returns the facts of the archive then. The end a server names can be ahead of
 * what it sends: MySQL holds a transaction back until it is on disk (`sync_binlog`, `binlog_group_commit_sync_delay`).
 */
async function fetchThrough(
  end: BinlogPosition,
  archive: Archive,
  timeline: Timeline,
  server: Server,
  written: Segment[],
  options: ArchiveOnceOptions,
): Promise<ArchiveFacts> {
  const deadline = performance.now() + SYNC_TIMEOUT_MS
  for (let conflicts = 0; ;) {
    const { segments: archived } = await archive.readFacts(timeline.id, options)
    // Behind the facts: another archiver may bring what was written after the list was made.
    const files = await server.withSession(async (session) => await server.dialect.listBinlogs(session))
    try {
      await fetchLog(archive, timeline, server, { archived, files, written }, options)
    } catch (error) {
      if (!isCode(error, 'ObjectConflict') || ++conflicts === ATTEMPTS) throw error
      continue
    }
    const facts = await archive.readFacts(timeline.id, options)
    const last = facts.segments.at(-1)
    if (last !== undefined && compareBinlogPositions({ file: last.file, offset: last.to }, end) >= 0) return facts
    if (performance.now() > deadline) throw endedEarly(last, end)
    await sleep(SYNC_POLL_MS, undefined, { signal: options.signal }).catch(() => undefined)
    throwIfAborted(options.signal, 'archiving')
  }
}

/**
 * A transaction that comes in from another server may be as old as the last one, whatever the clock says; where there is no
 * last one yet, nothing tells how old. And what another
 * pass called complete stays so: a commit that this one could not wait for began after it. Both end where the server's clock
 * was set back.
 */
function completeUntil(
  { time, replicates }: CommitsUntil,
  segments: readonly Segment[],
  server: Server,
): Pick<PassCoverage, 'time' | 'stands'> {
  const newest = segments.findLast(({ last }) => last !== undefined)?.last?.commitTime ?? NOTHING_KNOWN
  if (replicates && newest.compare(time) < 0) {
    return { time: newest, stands: async () => Promise.resolve(false) }
  }
  return {
    time,
    stands: async (recorded) =>
      server.withSession(async (session) => recorded.compare(await server.dialect.readClock(session)) <= 0),
  }
}

interface FetchState {
  readonly archived: readonly Segment[]
  readonly files: readonly ServerBinlog[]
  /** Gains the segments that were written. */
  readonly written: Segment[]
}

async function fetchLog(
  archive: Archive,
  timeline: Timeline,
  server: Server,
  { archived, files, written }: FetchState,
  { signal, onProgress, firstFile }: ArchiveOnceOptions,
): Promise<void> {
  const last = archived.at(-1)
  const from = resumePoint(last, files, firstFile)
  const meter = new ProgressMeter('archive:fetch', from.file, onProgress, { totalBytes: bytesToFetch(from, files) })
  await using log = await openLog(server, from, signal)
  for await (const draft of cutSegments(log, { timelineId: timeline.id, last })) {
    const segment = await archive.writeSegment(draft, { signal })
    meter.add(segment.to - segment.from, segment.counts.transactions, segment.file)
    written.push(segment)
  }
  meter.finish()
}

function bytesToFetch(from: ResumePoint, files: readonly ServerBinlog[]): number {
  const start = files.findIndex(({ file }) => file === from.file)
  return files.slice(start).reduce((sum, { bytes }) => sum + bytes, -(from.after?.to ?? 0))
}

function endedEarly(last: Segment | undefined, end: BinlogPosition): PitrError {
  const reached = last === undefined ? 'nowhere' : formatBinlogPosition({ file: last.file, offset: last.to })
  return new PitrError('TruncatedBinlog', {
    subject: formatBinlogPosition(end),
    message: `the server's log was read up to ${reached}, but the server said it ends at ${formatBinlogPosition(end)}`,
    hint: 'Run the same operation again; when it stays, compare the binlog file on the server with SHOW BINARY LOGS.',
  })
}
