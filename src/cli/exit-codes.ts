import { PitrError } from '../index.ts'
import type { ErrorCode } from '../index.ts'

/** Everything went well. */
export const EXIT_OK = 0
/** Something failed that none of the other codes names: a program, the network, a defect. */
export const EXIT_FAILED = 1
/** The command line or a value on it cannot be used. Nothing was touched. */
export const EXIT_USAGE = 2
/** The archive cannot give what was asked, or is damaged. No server was touched. */
export const EXIT_ARCHIVE = 3
/** A server refused, or is not fit for the operation. Nothing was written to it. */
export const EXIT_SERVER = 4
/**
 * Failed after the first write to the target, which is marked: half restored and isolated, or proved and not quite open.
 * The same command goes on, begins again, or finishes what was proved.
 */
export const EXIT_TARGET_MARKED = 5
/** Stopped by SIGINT or SIGTERM. */
export const EXIT_ABORTED = 130

const USAGE: readonly ErrorCode[] = ['InvalidArgument', 'InvalidInstant', 'InvalidPosition', 'InvalidGtid']
const ARCHIVE: readonly ErrorCode[] = [
  'ArchiveNotFound',
  'ArchiveExists',
  'UnknownFormat',
  'CorruptManifest',
  'ChecksumMismatch',
  'ObjectMissing',
  'ObjectConflict',
  'StorageFailed',
  'BinlogGap',
  'HistoryDiverged',
  'NoImage',
  'TargetBeforeWindow',
  'TargetBeyondWindow',
  'TransactionNotFound',
  'NotABoundary',
  'AmbiguousTime',
  'BrokenChain',
  'Unreplayable',
  'PlanMismatch',
]
const SERVER: readonly ErrorCode[] = [
  'ConnectionFailed',
  'AccessDenied',
  'UnsupportedServer',
  'BinlogDisabled',
  'UnsafeBinlogFormat',
  'UnsafeSetting',
  'MissingPrivilege',
  'NonTransactionalTable',
  'ForeignServer',
  'TargetNotEmpty',
  'TargetIsSource',
  'TargetIncompatible',
  'TargetBusy',
  'AccountCollision',
]

/** What errors say of such a target. */
const MARKED: readonly unknown[] = [
  'marked and isolated',
  'proved and isolated',
  'proved, partly open',
  'proved and open',
]

/** The exit code for an error; documented in `docs/cli.md`. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof PitrError)) return EXIT_FAILED
  if (MARKED.includes(error.details['target'])) return EXIT_TARGET_MARKED
  if (error.code === 'Aborted') return EXIT_ABORTED
  if (USAGE.includes(error.code)) return EXIT_USAGE
  if (ARCHIVE.includes(error.code)) return EXIT_ARCHIVE
  if (SERVER.includes(error.code)) return EXIT_SERVER
  return EXIT_FAILED
}
