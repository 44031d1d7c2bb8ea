import type { Archive } from '../../archive/archive.ts'
import { EventType } from '../../binlog/event-type.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import type { LogCounts, Segment } from '../../image/segment.ts'
import type { OperationOptions } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { planMismatch } from '../plan-mismatch.ts'
import type { NeedOf } from '../target/check-needs.ts'
import { scopeRule } from '../scope.ts'
import type { ScopeSide } from '../scope.ts'
import { CountSum } from '../count-sum.ts'
import { LogNeeds } from './log-needs.ts'
import { OpenXa } from './open-xa.ts'
import { IntervalList, LARGE_TRANSACTION_BYTES } from './planned-file.ts'
import type { PlannedFile, PreparedXa } from './planned-file.ts'
import { readLogFile } from './read-log-file.ts'
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
 * between transactions, that everything in between can be replayed and is as much as the plan says. Finds the bytes to
 * replay on the way. Throws `ObjectMissing`, `ChecksumMismatch`, `CorruptBinlog`, `Unreplayable` or `PlanMismatch`.
 */
export async function verifyLog(
  archive: Archive,
  plan: RestorePlan,
  segments: readonly Segment[],
  options: OperationOptions,
): Promise<VerifiedLog> {
  const totalBytes = segments.reduce((sum, { blob }) => sum + blob.content.bytes, 0)
  const meter = new ProgressMeter('restore:verify', 'archived log', options.onProgress, { totalBytes })
  const all = new CountSum()
  const wanted = new CountSum()
  const xa = new OpenXa()
  const sideOf = scopeRule(plan.image.backup)
  const files: PlannedFile[] = []
  const needs = new LogNeeds(plan.image.backup.server.flavor)
  for (const ofFile of byFile(segments)) {
    files.push(
      await verifyFile(archive, plan, ofFile, { sideOf, needs, all, wanted, xa, meter, signal: options.signal }),
    )
  }
  requireCounts('holds', all.counts, plan.counts)
  requireCounts('replays', wanted.counts, plan.replayed)
  meter.finish()
  return { files: files.filter((file) => file.wanted.length > 0 || file.prepared.length > 0), needs: needs.needs }
}

interface FileContext extends Pick<OperationOptions, 'signal'> {
  readonly sideOf: (transaction: Transaction) => ScopeSide
  readonly needs: LogNeeds
  readonly all: CountSum
  readonly wanted: CountSum
  readonly xa: OpenXa
  readonly meter: ProgressMeter
}

async function verifyFile(
  archive: Archive,
  plan: RestorePlan,
  segments: readonly [Segment, ...Segment[]],
  { sideOf, needs, all, wanted, xa, meter, signal }: FileContext,
): Promise<PlannedFile> {
  const [{ fileId, file, format }] = segments
  const from = fileId === plan.start.fileId ? plan.start.position.offset : 0
  const to = fileId === plan.stop.fileId ? plan.stop.position.offset : Number.POSITIVE_INFINITY
  const intervals = new IntervalList()
  const largeStatements = new Set<number>()
  const size = new StatementSize(file)
  let head: Uint8Array | undefined
  let end = 0
  for await (const { bytes, events, transactions } of readLogFile(archive, segments, { signal })) {
    for (const event of events) {
      head ??= headOf(event)
      if (event.offset >= from && event.offset < to) {
        size.add(event)
        needs.addEvent(event)
      }
      end = event.offset + event.length
    }
    for (const transaction of transactions) {
      if (transaction.end <= from) xa.addBefore(transaction)
      if (!liesBetween(transaction, from, to, file)) continue
      requireReplayable(file, transaction, transaction.obstacle)
      all.add(transaction)
      if (isLeftOut(sideOf, transaction, file)) {
        needs.leaveOut(transaction)
        continue
      }
      xa.addReplayed(transaction, file)
      needs.addReplayed(transaction, file)
      wanted.add(transaction)
      intervals.add(transaction.start, transaction.end)
      if (transaction.rowsObstacle !== undefined && transaction.end - transaction.start > LARGE_TRANSACTION_BYTES) {
        largeStatements.add(transaction.start)
      }
    }
    meter.add(bytes, transactions.length, file)
  }
  needs.endFile()
  if (head === undefined || end < Math.max(from, to === Number.POSITIVE_INFINITY ? 0 : to)) {
    throw planMismatch(file, `the archived part of ${file} ends at ${end}, before the place the plan names`)
  }
  const prepared = fileId === plan.start.fileId ? preparedAtImage(xa, sideOf, file) : []
  return { file, fileId, head, format, segments, prepared, wanted: intervals.intervals, largeStatements }
}

/** Whether it lies outside of the backup. Throws `Unreplayable` when that cannot be told. */
function isLeftOut(sideOf: FileContext['sideOf'], transaction: Transaction, file: string): boolean {
  const side = sideOf(transaction)
  if (typeof side === 'object') requireReplayable(file, transaction, side.reason)
  return side === 'outside'
}

/** What was prepared when the backup was taken: replayed first, under the same rules. */
function preparedAtImage(xa: OpenXa, sideOf: FileContext['sideOf'], file: string): readonly PreparedXa[] {
  const prepared = xa.preparedAtImage.filter((transaction) => !isLeftOut(sideOf, transaction, file))
  for (const transaction of prepared) requireReplayable(file, transaction, transaction.obstacle)
  return prepared.map(({ start, end, gtid }) => ({ from: start, to: end, gtid }))
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

function requireReplayable(file: string, { start, gtid }: Transaction, obstacle: string | undefined): void {
  if (obstacle === undefined) return
  const at = formatBinlogPosition({ file, offset: start })
  throw new PitrError('Unreplayable', {
    subject: at,
    message: `the transaction ${gtid === undefined ? '' : `${gtid} `}at ${at} cannot be replayed faithfully: ${obstacle}`,
    hint: 'A target before this transaction can be restored, or one after a later image.',
    details: { file, offset: start, gtid, obstacle },
  })
}

function requireCounts(what: string, found: LogCounts, planned: LogCounts): void {
  for (const name of ['transactions', 'rowEvents', 'rows'] as const) {
    if (found[name] === planned[name]) continue
    throw planMismatch('counts', `the archived log ${what} ${found[name]} ${name}, the plan says ${planned[name]}`)
  }
}
