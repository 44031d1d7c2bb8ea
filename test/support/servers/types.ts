import type { Flavor } from '../../../src/coordinates/flavor.ts'

export type { Flavor }

/** Where a server came from; also the words of `MYSQL_PITR_TEST_PROVIDER`. */
export type ProviderName = 'environment' | 'path' | 'docker' | 'packages'

/** What a test may ask of its server. */
export interface StartOptions {
  /** Extra server options, such as `--binlog-format=STATEMENT`, `--gtid-mode=OFF` or `--log-bin=OFF`; they win over ours. */
  readonly options?: readonly string[] | undefined
  /** The time zone of its system, as in the environment variable TZ; best one that needs no zone files: `JST-9`. */
  readonly timeZone?: string | undefined
}

/** How to reach a server over TCP. */
export interface ServerConnection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/** Where mysqldump, mysql, mysqlbinlog (or mariadb-dump, mariadb, mariadb-binlog) can be run. */
export type ClientPrograms =
  | { readonly kind: 'local'; readonly path: readonly string[] }
  | { readonly kind: 'container'; readonly container: string }

/** The signals a test may send to a server. */
export type ServerSignal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'

/** A real, running server that belongs to one test. Leaving the scope ends it and throws its data away. */
export interface TestServer extends AsyncDisposable {
  readonly flavor: Flavor
  /** What `SELECT VERSION()` says. */
  readonly version: string
  readonly provider: ProviderName
  /** An administrator account, from this machine. */
  readonly connection: ServerConnection
  /** The server's local socket, where this machine has it. */
  readonly socketPath?: string | undefined
  /** The server's data directory, where this machine has it. */
  readonly dataDirectory?: string | undefined
  readonly clientPrograms: ClientPrograms
  /** How the client programs reach the server from where they run, when that differs from {@link connection}. */
  readonly toolsConnection?: ServerConnection | undefined
  /** Sends a signal; SIGKILL and SIGTERM also wait until the server is gone. */
  kill(signal: ServerSignal): Promise<void>
  /** Starts the server again, on the same data and port; one that still runs is stopped cleanly first. */
  restart(): Promise<void>
}

/** Starts one more server of the flavour a provider was asked for. */
export type Start = (options: StartOptions) => Promise<TestServer>

/** One way to come by servers. */
export interface Provider {
  readonly name: ProviderName
  /**
   * Makes ready whatever every server of this flavour needs.
   * @throws ProviderUnavailable when this way is closed on this machine; any other error is a defect and ends the search.
   */
  prepare(flavor: Flavor): Promise<Start>
}
