import type { Flavor } from '../coordinates/flavor.ts'
import type { Host } from '../host/host.ts'
import type { ConnectionOptions } from './connection-options.ts'
import type { FlavorDialect } from './flavor/flavor-dialect.ts'
import type { ServerVersion } from './server-version.ts'
import type { Session } from './session.ts'

/** What tells one server from another. Two servers of one archive never share it. */
export interface ServerIdentity {
  /** `server_id`. */
  readonly serverId: number
  /** `server_uuid`; MariaDB has none. */
  readonly serverUuid?: string | undefined
  /** Where it runs, as the server itself says. */
  readonly hostname: string
  /** The port it listens on. */
  readonly port: number
  /** Its data directory. */
  readonly dataDirectory: string
}

/** Where client programs run, and how they reach the server from there. */
export interface ServerTools {
  /** The place. */
  readonly host: Host
  /** The server's address as seen from there. */
  readonly connection: ConnectionOptions
  /**
   * SQL that a client program which writes executes first: it fails when the program is not wanted any more.
   * @internal
   */
  readonly fence?: string | undefined
}

/** A live server, connected to on demand. Make one with `connectServer`; it reports facts and decides nothing. */
export interface Server extends AsyncDisposable {
  /** Which family. */
  readonly flavor: Flavor
  /** Its version. */
  readonly version: ServerVersion
  /** Who it is. */
  readonly identity: ServerIdentity
  /** The account the server took us for: `pitr@%`. */
  readonly account: string
  /** How we connect. */
  readonly connection: ConnectionOptions
  /** Where client programs run. */
  readonly tools: ServerTools
  /**
   * What differs between the flavors.
   * @internal
   */
  readonly dialect: FlavorDialect
  /** Opens a session of its own; the caller closes it. */
  openSession(): Promise<Session>
  /**
   * Opens a session that sends every character of a statement as one byte, for statements in any character set:
   * `bytes.toString('latin1')`.
   * @internal
   */
  openByteSession(): Promise<Session>
  /** Opens a session for the time of `work`. */
  withSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
}
