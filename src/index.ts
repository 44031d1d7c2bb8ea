// The public surface: explicit named re-exports, nothing else.

export type { ArchiveReport } from './archive/archiver/archive-once.ts'
export type { FoundTransaction, TransactionFilter } from './archive/find-transactions.ts'
export type { BackupOptions } from './backup/back-up.ts'
export type { BackupContext, BackupMethod, BackupTaken, LoadContext } from './backup/backup-method.ts'
export { mysqldump } from './backup/mysqldump.ts'
export type { MysqldumpOptions } from './backup/mysqldump.ts'
export { compareBinlogPositions, formatBinlogPosition, parseBinlogPosition } from './coordinates/binlog-position.ts'
export type { BinlogPosition } from './coordinates/binlog-position.ts'
export type { Flavor } from './coordinates/flavor.ts'
export type { GtidSet } from './coordinates/gtid-set.ts'
export type { Instant } from './coordinates/instant.ts'
export { MariadbGtidSet } from './coordinates/mariadb-gtid-set.ts'
export { MysqlGtidSet } from './coordinates/mysql-gtid-set.ts'
export { parseGtidSet } from './coordinates/parse-gtid-set.ts'
export { Timestamp } from './coordinates/timestamp.ts'
export type { CommitTime, Resolution } from './coordinates/timestamp.ts'
export type { TransactionRef } from './coordinates/transaction-ref.ts'
export { ERROR_CODES, PitrError } from './errors.ts'
export type { ErrorCode, PitrErrorOptions } from './errors.ts'
export { containerHost } from './host/container-host.ts'
export type { ContainerHostOptions } from './host/container-host.ts'
export type { Host, PrivateFile, ProgramEnd, RunningProgram, RunOptions } from './host/host.ts'
export { localHost } from './host/local-host.ts'
export type { LocalHostOptions } from './host/local-host.ts'
export type {
  BackupImage,
  BackupNeeds,
  BackupPart,
  BackupScope,
  BackupServer,
  BackupTool,
} from './image/backup-image.ts'
export { ImageSequence } from './image/image-sequence.ts'
export { RecoveryImage } from './image/recovery-image.ts'
export type { BinlogRange } from './image/recovery-image.ts'
export { RecoveryWindow } from './image/recovery-window.ts'
export type { RecoveryHole } from './image/recovery-window.ts'
export { RestorePlan } from './image/restore-plan.ts'
export type { RestoreTarget } from './image/restore-target.ts'
export type {
  LaterChanges,
  LeftOut,
  LogPlace,
  PlannedImage,
  PlannedSegment,
  PlannedTransaction,
  RestorePlanParts,
  Skipped,
  SkippedTransaction,
} from './image/restore-plan-parts.ts'
export type { RestoreOnly } from './image/restored-tables.ts'
export type { Blob, Digest, LastEvent, LogCounts, LogFormat, Obstacle, PreviousFile, Segment } from './image/segment.ts'
export type { TableChange, Touched, TouchedTable, TransactionKind } from './image/touched.ts'
export { RecoveryImageManager } from './manager.ts'
export type { ArchiveOptions } from './manager.ts'
export type { Logger, OperationOptions } from './options.ts'
export type { Progress, ProgressKind, ProgressListener } from './progress.ts'
export type { PlanOptions, TransactionName } from './restore/plan/plan-options.ts'
export type { ReplayerName, RestoreDestination, RestoreOptions } from './restore/restore.ts'
export { releaseTarget } from './restore/finish.ts'
export type { IsolationEnd } from './restore/finish.ts'
export type { Durability } from './restore/target/durability.ts'
export type { RestoredImage, RestoredTarget, RestoreFacts, RestorePhase } from './restore/restore-facts.ts'
export { RestoreReport } from './restore/restore-report.ts'
export { connectServer } from './server/connect-server.ts'
export type { ServerOptions } from './server/connect-server.ts'
export { DEFAULT_CONNECT_TIMEOUT_MS } from './server/connection-options.ts'
export type { ConnectionOptions, TlsOptions } from './server/connection-options.ts'
export type { DumpConsistency } from './server/flavor/dump-dialect.ts'
export type { Purpose } from './server/flavor/flavor-dialect.ts'
export { preflight } from './server/preflight.ts'
export type { PreflightFinding } from './server/preflight-finding.ts'
export type { PreflightReport } from './server/preflight.ts'
export type { Server, ServerIdentity, ServerTools } from './server/server.ts'
export type { ServerVersion } from './server/server-version.ts'
export { Session } from './server/session.ts'
export type { Row, SqlValue } from './server/session.ts'
export { directoryStorage } from './storage/directory-storage.ts'
export type { ByteRange, Storage, StorageOptions, StoredObject } from './storage/storage.ts'
