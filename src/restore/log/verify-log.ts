import type { Archive } from '../../archive/archive.ts'
import { EventType } from '../../binlog/event-type.ts'
import { EventFlag } from '../../binlog/event.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import type { Segment } from '../../image/segment.ts'
import { TimeLimit } from '../../image/time-limit.ts'
import type { OperationOptions } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { planMismatch } from '../plan-mismatch.ts'
import type { NeedOf } from '../target/check-needs.ts'
import type { SizeLimits } from '../replay/replayer.ts'
import { scopeRule } from '../scope.ts'
import type { ScopeRule } from '../scope.ts'
import type { EarlierReplay } from './earlier-replay.ts'
import { HistorySum } from './history-sum.ts'
import { LargeStatements } from './large-statements.ts'
import { LogNeeds } from './log-needs.ts'
import { OpenXa } from './open-xa.ts'
import { IntervalList } from './planned-file.ts'
import type { PlannedFile } from './planned-file.ts'
import { readLogFile } from './read-log-file.ts'
import { SkippedInLog } from './skipped-in-log.ts'
import { StatementSize } from './statement-size.ts'

/** What a log that was read holds. */
export interface VerifiedLog {
  /** The bytes to replay. */
  readonly files: readonly PlannedFile[]
  /** What their statements need of the target. */
  readonly needs: readonly NeedOf[]
}

/**
 * Reads all the log a plan needs, before the target's first write: every hash and checksum, that start and stop lie
 * between transactions, that everything in between can be replayed within the limits of the replayer and is what the plan
 * says: as much, the same GTIDs, nothing committed later than asked for. Finds the bytes to replay on the way, and how many
 * of them an earlier run replayed. Throws `ObjectMissing`, `ChecksumMismatch`, `CorruptBinlog`, `Unreplayable` or
 * `PlanMismatch`.
 */
export async function verifyLog(
  archive: Archive,
  plan: RestorePlan,
  segments: readonly Segment[],
  limits: SizeLimits,
  options: OperationOptions,
  earlier?: EarlierReplay,
): Promise<VerifiedLog> {
  const totalBytes = segments.reduce((sum, { blob }) => sum + blob.content.bytes, 0)
  const meter = new ProgressMeter('restore:verify', 'archived log', options.onProgress, { totalBytes })
  const { target, ambiguous } = plan
  const limit = target.kind === 'time' && ambiguous !== 'last' ? new TimeLimit(target) : undefined
  const all = new HistorySum(plan)
  const wanted = new HistorySum(plan)
  const xa = new OpenXa()
  const skipped = new SkippedInLog(plan)
  const sideOf = scopeRule({ backup: plan.image.backup, only: plan.only })
  const files: PlannedFile[] = []
  const needs = new LogNeeds(plan.image.backup.server.flavor)
  for (const ofFile of byFile(segments)) {
    files.push(
      await verifyFile(archive, plan, ofFile, {
        sideOf,
        needs,
        limits,
        limit,
        all,
        wanted,
        xa,
        skipped,
        meter,
        earlier,
        signal: options.signal,
      }),
    )
  }
  skipped.requireAllMet()
  all.require('holds', plan.counts, plan.gtids?.after)
  wanted.require('replays', plan.replayed, plan.gtids?.replayed)
  meter.finish()
  return { files: files.filter((file) => file.wanted.length > 0 || file.prepared.length > 0), needs: needs.needs }
}

interface FileContext extends Pick<OperationOptions, 'signal'> {
  readonly sideOf: ScopeRule
  readonly needs: LogNeeds
  readonly limits: SizeLimits
  /** What commit times must keep to. */
  readonly limit: TimeLimit | undefined
  readonly all: HistorySum
  readonly wanted: HistorySum
  readonly xa: OpenXa
  readonly skipped: SkippedInLog
  readonly meter: ProgressMeter
  readonly earlier: EarlierReplay | undefined
}

async function verifyFile(
  archive: Archive,
  plan: RestorePlan,
  segments: readonly [Segment, ...Segment[]],
  { sideOf, needs, limits, limit, all, wanted, xa, skipped, meter, earlier, signal }: FileContext,
): Promise<PlannedFile> {
  const [{ fileId, file, format }] = segments
  const from = fileId === plan.start.fileId ? plan.start.position.offset : 0
  const to = fileId === plan.stop.fileId ? plan.stop.position.offset : Number.POSITIVE_INFINITY
  const intervals = new IntervalList()
  const large = new LargeStatements()
  const size = new StatementSize(file, limits)
  let usesTemporaryTables = false
  const onEvent = (event: BinlogEvent): void => {
    usesTemporaryTables ||= (event.flags & EventFlag.threadSpecific) !== 0
    for (const each of [size, needs, large]) each.add(event)
  }
  const addReplayed = (transaction: Transaction): void => {
    size.requireFits(transaction)
    needs.addReplayed(transaction, file)
    large.addReplayed(transaction)
  }
  const leaveOut = (transaction: Transaction): void => {
    for (const each of [size, needs, large]) each.leaveOut(transaction)
  }
  let head: Uint8Array | undefined
  let end = 0
  for await (const { bytes, events, transactions } of readLogFile(archive, segments, { signal, onEvent })) {
    for (const event of events) {
      head ??= headOf(event)
      end = event.offset + event.length
    }
    for (const transaction of transactions) {
      if (transaction.end <= from) xa.addBefore(transaction)
      if (!liesBetween(transaction, from, to, file)) {
        // It may be needed in the end.
        if (transaction.xa?.part !== 'prepared' || transaction.end > from) leaveOut(transaction)
        continue
      }
      requireInTime(file, transaction, limit)
      all.add(transaction)
      const replayed = replayedOf(sideOf, transaction, file)
      if (replayed === undefined || skipped.takes(transaction, { fileId, file })) {
        leaveOut(transaction)
        continue
      }
      xa.addReplayed(replayed, file)
      addReplayed(replayed)
      wanted.add(replayed)
      earlier?.add(replayed, { file, fileId })
      intervals.add(transaction.start, transaction.end)
    }
    meter.add(bytes, transactions.length, file)
  }
  const prepared = fileId === plan.start.fileId ? preparedAtImage(xa, sideOf, file) : []
  for (const transaction of prepared) addReplayed(transaction)
  needs.endFile()
  if (head === undefined || end < Math.max(from, to === Number.POSITIVE_INFINITY ? 0 : to)) {
    throw planMismatch(file, `the archived part of ${file} ends at ${end}, before the place the plan names`)
  }
  return {
    file,
    fileId,
    head,
    format,
    segments,
    prepared: prepared.map(({ start, end, gtid }) => ({ from: start, to: end, gtid })),
    wanted: intervals.intervals,
    usesTemporaryTables,
    largeStatements: large.starts,
  }
}

/** The transaction as far as it is restored; undefined when it is not. Throws `Unreplayable` when it cannot be, or nobody can tell. */
function replayedOf(sideOf: ScopeRule, transaction: Transaction, file: string): Transaction | undefined {
  const side = sideOf(transaction)
  if (side === 'outside') return undefined
  if (transaction.obstacle !== undefined) throw unreplayable(file, transaction, transaction.obstacle)
  if (side === 'inside') return transaction
  if ('part' in side) return side.part
  throw unreplayable(file, transaction, side.reason)
}

/** What was prepared when the backup was taken: replayed first, under the same rules. */
function preparedAtImage(xa: OpenXa, sideOf: ScopeRule, file: string): readonly Transaction[] {
  return xa.preparedAtImage.flatMap((transaction) => replayedOf(sideOf, transaction, file) ?? [])
}

/** The segments of each file, files in log order. */
function byFile(segments: readonly Segment[]): readonly [Segment, ...Segment[]][] {
  const files: [Segment, ...Segment[]][] = []
  for (const segment of segments) {
    const last = files.at(-1)
    if (last?.[0].fileId === segment.fileId) last.push(segment)
    else files.push([segment])
  }
  return files
}

/** The four magic bytes, which the reader checked, and the format description. */
function headOf({ type, bytes }: BinlogEvent): Uint8Array | undefined {
  return type === EventType.FormatDescription
    ? Buffer.concat([Buffer.from([0xfe, 0x62, 0x69, 0x6e]), bytes])
    : undefined
}

function liesBetween({ start, end }: Transaction, from: number, to: number, file: string): boolean {
  for (const boundary of [from, to]) {
    if (start >= boundary || end <= boundary) continue
    const at = formatBinlogPosition({ file, offset: boundary })
    throw planMismatch(at, `${at} lies inside the transaction from ${start} to ${end}`)
  }
  return start >= from && end <= to
}

function unreplayable(file: string, { start, gtid }: Transaction, obstacle: string): PitrError {
  const at = formatBinlogPosition({ file, offset: start })
  return new PitrError('Unreplayable', {
    subject: at,
    message: `the transaction ${gtid === undefined ? '' : `${gtid} `}at ${at} cannot be replayed faithfully: ${obstacle}`,
    hint: 'A target before this transaction can be restored, or one after a later image.',
    details: { file, offset: start, gtid, obstacle },
  })
}

/** With clocks set back later commits are among those a plan takes to the `last` place that fits; else none is. */
function requireInTime(file: string, { start, gtid, commitTime }: Transaction, limit: TimeLimit | undefined): void {
  if (limit === undefined || limit.includes(commitTime)) return
  const at = formatBinlogPosition({ file, offset: start })
  const name = gtid === undefined ? '' : `${gtid} `
  throw planMismatch(at, `the transaction ${name}at ${at} committed at ${String(commitTime)}, later than asked for`)
}
