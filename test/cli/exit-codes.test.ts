import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-codes.ts'
import { ERROR_CODES, PitrError } from '../../src/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'

// Written out: a new code has to be thought about here before it gets an exit code.
const EXPECTED: Readonly<Record<ErrorCode, number>> = {
  InvalidArgument: 2,
  InvalidInstant: 2,
  InvalidPosition: 2,
  InvalidGtid: 2,
  Aborted: 130,
  ConnectionFailed: 4,
  AccessDenied: 4,
  QueryFailed: 1,
  UnsupportedServer: 4,
  BinlogDisabled: 4,
  UnsafeBinlogFormat: 4,
  UnsafeSetting: 4,
  MissingPrivilege: 4,
  MissingProgram: 1,
  ProgramFailed: 1,
  NonTransactionalTable: 4,
  DdlDuringBackup: 1,
  DumpIncomplete: 1,
  CorruptBinlog: 1,
  TruncatedBinlog: 1,
  UnsupportedEvent: 1,
  EncryptedBinlog: 1,
  ArchiveNotFound: 3,
  ArchiveExists: 3,
  UnknownFormat: 3,
  CorruptManifest: 3,
  ChecksumMismatch: 3,
  ObjectMissing: 3,
  ObjectConflict: 3,
  StorageFailed: 3,
  ForeignServer: 4,
  HistoryDiverged: 3,
  BinlogGap: 3,
  NoImage: 3,
  TargetBeforeWindow: 3,
  TargetBeyondWindow: 3,
  TransactionNotFound: 3,
  NotABoundary: 3,
  AmbiguousTime: 3,
  BrokenChain: 3,
  Unreplayable: 3,
  PlanMismatch: 3,
  TargetNotEmpty: 4,
  TargetIsSource: 4,
  TargetIncompatible: 4,
  TargetBusy: 4,
  AccountCollision: 4,
  LoadFailed: 1,
  ReplayFailed: 1,
  ProofFailed: 1,
}

test('every error code has its exit code', () => {
  const codes = Object.keys(ERROR_CODES).map((code) => [code, exitCodeOf(error(code as ErrorCode))])

  expect(Object.fromEntries(codes)).toEqual(EXPECTED)
})

test.each(['ReplayFailed', 'Aborted', 'ChecksumMismatch', 'ConnectionFailed'] as const)(
  '%s exits with 5 when it left the target marked',
  (code) => {
    for (const target of ['marked and isolated', 'proved and isolated', 'proved, partly open', 'proved and open'])
      expect(exitCodeOf(error(code, { target }))).toBe(5)
  },
)

test('what is not an error of the library exits with 1', () => {
  expect(exitCodeOf(new TypeError('a defect'))).toBe(1)
  expect(exitCodeOf('thrown by somebody else')).toBe(1)
})

function error(code: ErrorCode, details: Readonly<Record<string, unknown>> = {}): PitrError {
  return new PitrError(code, { subject: 'it', message: 'it failed', hint: 'mend it', details })
}
