import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { Flavor } from '../../coordinates/flavor.ts'
import type { Timestamp } from '../../coordinates/timestamp.ts'
import type { TlsOptions } from '../connection-options.ts'
import type { Session } from '../session.ts'
import type { DumpDialect } from './dump-dialect.ts'
import type { TlsFiles } from './tls-lines.ts'

/** The client programs the library uses. */
export type ClientProgramKind = 'dump' | 'client' | 'binlog'

/** The end of a server's binary log. */
export interface BinlogEnd {
  /** Always at a transaction boundary. */
  readonly position: BinlogPosition
  /** The GTIDs executed up to it; undefined without GTIDs. */
  readonly gtidSet?: string | undefined
}

/** What a server can say about commits up to a moment. */
export interface CommitsUntil {
  /** Every transaction that gets a commit time up to then, from this server's clock, is in the log already. */
  readonly time: Timestamp
  /** Whether transactions of another server come in, or may do so again, that keep the commit times they have there. */
  readonly replicates: boolean
}

/** One file of a server's list of binary logs. */
export interface BinlogFile {
  readonly file: string
  readonly bytes: number
}

/** One account or role, as the statements that make it. */
export interface AccountDefinition {
  /** As the server writes it: `'app'@'%'`, or `'reader'` for a MariaDB role. */
  readonly account: string
  /** Makes it: CREATE USER or CREATE ROLE. */
  readonly create: string
  /** Run when every account exists: grants, default roles, in an order that works. */
  readonly grants: readonly string[]
  /** Whether it is a role. */
  readonly role: boolean
  /** Whether it is locked on the source. */
  readonly locked: boolean
}

/** The settings of a target before it was isolated; plain JSON, kept in the target's marker. */
export interface IsolationState {
  /** Global variables that were changed, with the values they had. */
  readonly variables: Readonly<Record<string, string>>
  /** Those of them that were persisted already, and stay so. */
  readonly persisted: readonly string[]
}

/** A setting that puts recovery at risk, or makes it impossible. */
export interface SettingRule {
  /** Global variable. */
  readonly variable: string
  /** Whether a value is fine. */
  readonly fine: (value: string) => boolean
  /** What it matters for. @default backup and archive */
  readonly purposes?: readonly Purpose[] | undefined
  readonly severity: 'error' | 'warning'
  readonly code: 'BinlogDisabled' | 'UnsafeBinlogFormat' | 'UnsafeSetting'
  /** What the value means for recovery. */
  readonly why: string
  /** What to set. */
  readonly hint: string
}

/** What a session needs the right to do, with the privileges any one of which gives it. */
export interface PrivilegeRule {
  /** Any one of these global privileges is enough. */
  readonly anyOf: readonly string[]
  /** What it is needed for. */
  readonly why: string
  /** A missing one is an error, or only a risk. */
  readonly severity: 'error' | 'warning'
}

/** What an operation asks of a server. */
export type Purpose = 'backup' | 'archive' | 'restore'

/**
 * Every difference between MySQL and MariaDB, each as one narrow method. Nothing outside this folder and `binlog/` asks
 * which flavor a server is.
 */
export interface FlavorDialect {
  readonly flavor: Flavor
  /** Select list with `serverId`, `serverUuid`, `hostname`, `port`, `dataDirectory`. */
  readonly identityColumns: string
  /** Names under which a program may be installed, best first. */
  readonly programs: Readonly<Record<ClientProgramKind, readonly string[]>>
  /** Matches the output of `--version` of this flavor's programs. */
  readonly programVersion: RegExp
  /** Dumping and loading. */
  readonly dump: DumpDialect
  /** Settings that matter for backup and archive. */
  readonly settings: readonly SettingRule[]
  /** Any one of these privileges keeps the global `init_connect` from being run in the sessions of an account. */
  readonly skipsInitConnect: readonly string[]
  /** Global variables that decide what definitions mean and that the log does not hold: a backup records them. */
  readonly recordedSettings: readonly string[]
  /** Those of them that a target has as the source had them, while it is restored. */
  readonly adoptedSettings: readonly string[]
  /** Privileges by purpose. */
  readonly privileges: Readonly<Record<Purpose, readonly PrivilegeRule[]>>

  /** The lines of a `[client]` option file about TLS: `tls` as for our own connections, undefined for none. */
  tlsOptionLines(tls: TlsOptions | undefined, files: TlsFiles): readonly string[]

  /** The server's clock. */
  readClock(session: Session): Promise<Timestamp>
  /** A moment near to now whose commits are all before every end of the binary log that is asked for later. */
  commitsUntil(session: Session): Promise<CommitsUntil>
  /** The end of the binary log. Throws `BinlogDisabled`. */
  binlogEnd(session: Session): Promise<BinlogEnd>
  /** The filters `binlog_do_db` and `binlog_ignore_db`, '' for none: they leave databases out of the log. Empty without a log. */
  binlogFilters(session: Session): Promise<Readonly<Record<string, string>>>
  /** Whether the server has a source it replicates from, also while replication is stopped. Throws `MissingPrivilege`. */
  replicates(session: Session): Promise<boolean>
  /** The binary log files in order. Throws `BinlogDisabled`. */
  listBinlogs(session: Session): Promise<readonly BinlogFile[]>
  /** Statements that make the server send its log as it is in the file: with checksums, without rewriting for old replicas. */
  readonly beforeBinlogDump: readonly string[]

  /** Whether transactions get GTIDs now. */
  gtidsEnabled(session: Session): Promise<boolean>
  /** All GTIDs the server counts as executed, in its flavor's text; '' for none. */
  executedGtids(session: Session): Promise<string>
  /** Makes the server count this set as executed, on top of what it has. Uses up no GTID. */
  addExecutedGtids(session: Session, set: string): Promise<void>
  /** Makes the server forget its executed GTIDs and binary log, then count `set` as executed: only for a target that is begun anew. */
  resetExecutedGtids(session: Session, set: string): Promise<void>

  /** Keeps others from DDL until the session ends, whoever ends it. Throws `MissingPrivilege`. */
  blockDdl(session: Session): Promise<void>
  /** The databases of users, in name order. */
  databases(session: Session): Promise<readonly string[]>
  /** Tables of these databases in storage engines without transactions, as `database.table (ENGINE)`. */
  nonTransactionalTables(session: Session, databases: readonly string[]): Promise<readonly string[]>
  /** What users made outside of their databases, accounts apart: no dump holds it. Each with its kind and name. */
  notInDump(session: Session): Promise<readonly string[]>
  /** All accounts and roles but the server's own, roles first. */
  accounts(session: Session): Promise<readonly AccountDefinition[]>
  /** Removes one account or role, when it exists. */
  dropAccount(session: Session, account: Pick<AccountDefinition, 'account' | 'role'>): Promise<void>

  /** Statements behind which a session writes nothing to the binary log and uses up no GTID. */
  readonly unloggedSession: readonly string[]
  /** Statements that bring a session back to sane values behind a replayed log: automatic GTIDs, the present time, the usual commits. */
  readonly sessionAfterReplay: readonly string[]
  /** What {@link FlavorDialect.isolate} would change, as it is now. Changes nothing. */
  beforeIsolation(session: Session): Promise<IsolationState>
  /**
   * Keeps everyone out, but privileged accounts or those that are exempt, and everything quiet. Changes no more than
   * `state` holds, which must be kept before, and what says itself what it was. Survives a restart of the server where the
   * flavor can. What fails in the middle stays as it is.
   */
  isolate(session: Session, state: IsolationState, isExempt: (account: string) => boolean): Promise<void>
  /** Undoes {@link FlavorDialect.isolate}, whole or in part. */
  release(session: Session, state: IsolationState): Promise<void>
  /** XA transactions that are prepared and belong to no session, as `XA ROLLBACK` takes them. Throws `MissingPrivilege`. */
  preparedXa(session: Session): Promise<readonly string[]>
  /** Replication that runs on the server or hangs on it, in words; empty when there is none. */
  replication(session: Session): Promise<readonly string[]>
  /** Why a history with or without GTIDs cannot be replayed on this server; undefined when it can. */
  replayObstacle(session: Session, history: { readonly gtids: boolean }): Promise<string | undefined>
}
