import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { Timestamp } from '../coordinates/timestamp.ts'
import type { BackupImage, BackupPart } from '../image/backup-image.ts'
import type { OperationOptions } from '../options.ts'
import type { Server } from '../server/server.ts'

/** What {@link BackupMethod.take} works with. */
export interface BackupContext extends OperationOptions {
  /** The source. */
  readonly server: Server
  /**
   * Stores one part: streams the bytes, compresses, hashes and verifies them, and resolves when the part is durable.
   * When `bytes` throws, nothing is stored and the error is passed on: check what you stream while it streams.
   */
  readonly storePart: (name: string, bytes: AsyncIterable<Uint8Array>) => Promise<BackupPart>
}

/** What a backup found out while it was taken. */
export interface BackupTaken {
  /** Method, tool, server, scope and parts. */
  readonly backup: BackupImage
  /** The state of the parts is exactly the state of the log here. */
  readonly position: BinlogPosition
  /** The server's clock, read when the position was known: every commit before the position has an earlier or equal time, or the plan finds out. */
  readonly startTime: Timestamp
  /**
   * Set when DDL was not blocked while the backup was taken: no definition in `databases` may change between `position` and
   * `end`, the end of the server's log read after the last byte was dumped. The log is searched for it.
   */
  readonly ddlSensitive?: { readonly databases: readonly string[]; readonly end: BinlogPosition } | undefined
}

/** What {@link BackupMethod.checkLoad} and {@link BackupMethod.load} work with. */
export interface LoadContext extends OperationOptions {
  /** The target: empty, marked and isolated; while it is checked, not yet. */
  readonly server: Server
  /** What to load. */
  readonly backup: BackupImage
  /** When it was taken, see {@link BackupTaken.startTime}. */
  readonly startTime: Timestamp
  /** The content of one part, checked while it streams; throws `ChecksumMismatch` at its end at the latest. */
  readonly readPart: (part: BackupPart) => AsyncIterable<Uint8Array>
  /** Whether accounts are loaded. */
  readonly accounts: 'all' | 'none'
}

/**
 * A way to take a base backup and to load it again. `take` leaves nothing behind on the server. `load` writes nothing to
 * the target's binary log and uses up no GTID; it throws `LoadFailed` when the target did not take everything.
 */
export interface BackupMethod {
  /** Recorded in the image; `load` is found by it. */
  readonly name: string
  /** Throws what would make {@link BackupMethod.take} fail from the start: a missing program, a table it cannot read. Writes nothing. */
  check(server: Server): Promise<void>
  /** Takes a backup of `context.server`. */
  take(context: BackupContext): Promise<BackupTaken>
  /** Throws what would make {@link BackupMethod.load} fail from the start: a missing program, part or privilege. Writes nothing. */
  checkLoad(context: LoadContext): Promise<void>
  /** Loads a backup that this method took. */
  load(context: LoadContext): Promise<void>
}
