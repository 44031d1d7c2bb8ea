/**
 * Every code a {@link PitrError} can carry, with what it means. This table is the only one: `docs/errors.md` is held
 * against it by a test.
 */
export const ERROR_CODES = {
  // The caller's input
  InvalidArgument: 'An option or argument has a value that cannot be used.',
  InvalidInstant: 'A moment is not an ISO 8601 time with an offset, a Date, or an object with epochNanoseconds.',
  InvalidPosition: 'A binlog position is not a file name with a number and an offset.',
  InvalidGtid: 'A GTID or GTID set cannot be read in the syntax of its flavor.',
  Aborted: 'The operation was stopped by its signal.',
  // Servers and programs
  ConnectionFailed: 'The server could not be reached or the connection was lost.',
  AccessDenied: 'The server refused the account or its password.',
  QueryFailed: 'The server answered a statement of ours with an error.',
  UnsupportedServer: 'The server is of a flavor or version this library does not know.',
  BinlogDisabled: 'The server writes no binary log, so nothing after a backup could be recovered.',
  UnsafeBinlogFormat: 'The server logs statements instead of rows, which cannot be replayed exactly.',
  UnsafeSetting: 'A server setting makes an exact recovery impossible.',
  MissingPrivilege: 'The account lacks a privilege the operation needs.',
  MissingProgram: 'A client program (mysqldump, mysql, mysqlbinlog or their MariaDB names) was not found.',
  ProgramFailed: 'A client program ended with an error, or complained on its standard error.',
  // Taking a backup
  NonTransactionalTable: 'A table in a storage engine without transactions cannot be read consistently without a lock.',
  DdlDuringBackup: 'A table definition changed while the backup was taken.',
  DumpIncomplete: 'The dump ended without its completion footer, or without the position it represents.',
  // Reading binary logs
  CorruptBinlog: 'A binary log holds bytes that are not a valid event: bad checksum, length or structure.',
  TruncatedBinlog: 'A binary log ends inside an event or a transaction.',
  UnsupportedEvent: 'A binary log holds an event this version cannot interpret faithfully.',
  EncryptedBinlog: 'The binary log file is encrypted; it can be read through its server.',
  // The archive
  ArchiveNotFound: 'There is no archive at this place.',
  ArchiveExists: 'There is an archive at this place already.',
  UnknownFormat: 'The archive or plan was written in a format this version does not know.',
  CorruptManifest: 'A manifest is not what was written: damaged, incomplete or of an unknown shape.',
  ChecksumMismatch: 'Stored bytes differ from the size or hash their manifest records.',
  ObjectMissing: 'An object that a manifest names is not in the storage.',
  ObjectConflict: 'An object exists already with other content; objects are written once.',
  StorageFailed: 'The storage could not read, write or list.',
  ForeignServer: 'The server is not the one whose history this archive holds.',
  HistoryDiverged:
    'The server has other events at positions that are archived already: its history was reset or rolled back.',
  BinlogGap: 'Binary logs that are not archived yet are gone from the server: that range of history is lost.',
  NoImage: 'The archive holds no complete recovery image yet.',
  // Planning
  TargetBeforeWindow: 'The target lies before the first recovery image.',
  TargetBeyondWindow: 'The target lies beyond what is archived.',
  TransactionNotFound: 'No archived transaction has this name, or it is not among those that would be replayed.',
  NotABoundary: 'The position is not at a transaction boundary.',
  AmbiguousTime: 'Several places in the log fit the asked time: commit times do not follow its order there.',
  BrokenChain: 'The archived binary logs are not contiguous between the image and the target, or where a search goes.',
  Unreplayable: 'The range holds something that cannot be replayed faithfully.',
  // Restoring
  PlanMismatch: 'The plan does not belong to this archive, or the archive no longer holds what it was made from.',
  TargetNotEmpty: 'The target server holds data already, or is still isolated by a restore whose mark is gone.',
  TargetIsSource: 'The target is the very server the archive was made from.',
  TargetIncompatible:
    'The target server has another flavor, an older version or settings that cannot take this history.',
  TargetBusy: 'Another restore is working on the target.',
  AccountCollision: 'The backup holds the account the restore itself connects with, or one that would take its logins.',
  LoadFailed: 'The backup image could not be loaded into the target.',
  ReplayFailed: 'The binary logs could not be applied to the target.',
  ProofFailed: 'The restored target does not hold exactly what the plan promises.',
} as const

/** One of the codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES

/** What a {@link PitrError} is made of, beside its code. */
export interface PitrErrorOptions {
  /** The exact thing that is wrong: a file and offset, a table, an account, an object key. */
  readonly subject: string
  /** What failed and why, in one sentence. Never holds a secret. */
  readonly message: string
  /** What the reader can do about it. */
  readonly hint: string
  /** Facts for programs: plain JSON values only. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  /** The error underneath, when there is one. */
  readonly cause?: unknown
}

/**
 * The one error of this library. Branch on {@link PitrError.code}; show `message` and {@link PitrError.hint} to people.
 *
 * @example
 * ```ts
 * try {
 *   await manager.plan({ kind: 'time', at: '2026-11-21T10:15:30Z' })
 * } catch (error) {
 *   if (error instanceof PitrError && error.code === 'TargetBeyondWindow') console.error(error.hint)
 *   else throw error
 * }
 * ```
 */
export class PitrError extends Error {
  override readonly name = 'PitrError'
  /** What kind of failure this is. */
  readonly code: ErrorCode
  /** The exact thing that is wrong. */
  readonly subject: string
  /** What the reader can do about it. */
  readonly hint: string
  /** Facts for programs. */
  readonly details: Readonly<Record<string, unknown>>

  /** Makes an error; `options` are its parts. */
  constructor(code: ErrorCode, options: PitrErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.subject = options.subject
    this.hint = options.hint
    this.details = options.details ?? {}
  }

  /** The error as plain JSON, for `--json` output and logs. The cause is left out: it may hold what we did not write. */
  toJSON(): Pick<PitrError, 'code' | 'subject' | 'message' | 'hint' | 'details'> {
    return { code: this.code, subject: this.subject, message: this.message, hint: this.hint, details: this.details }
  }
}
