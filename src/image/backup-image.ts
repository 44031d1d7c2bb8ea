import type { Flavor } from '../coordinates/flavor.ts'
import type { Blob } from './segment.ts'

/** One stored part of a backup. */
export interface BackupPart {
  /** What it is: `data`, `accounts`, or a name its method gave it. Unique within one backup. */
  readonly name: string
  /** Its bytes. */
  readonly blob: Blob
}

/** Which databases a backup holds: all of the server's own data, or some by name. */
export type BackupScope = 'all' | { readonly databases: readonly string[] }

/** The program a backup was taken with. */
export interface BackupTool {
  /** Its name: `mysqldump`, `mariadb-dump`. */
  readonly program: string
  /** Its version as it states it: `9.7.4`. */
  readonly version: string
}

/** The server a backup was taken from. */
export interface BackupServer {
  /** Which family of servers. */
  readonly flavor: Flavor
  /** Its version: `9.7.4`, `11.8.6-MariaDB-log`. */
  readonly version: string
  /** Its `server_id`. */
  readonly serverId: number
  /** Its `server_uuid`, where it has one. */
  readonly serverUuid?: string | undefined
  /** Global variables that decide what its definitions mean and that the log does not hold, such as `lower_case_table_names`. */
  readonly settings: Readonly<Record<string, string>>
  /** What its own time zone is: `+00:00`. */
  readonly systemTimeZone: string
}

/** What lies outside of all databases and must be on a target, or definitions of the backup mean something else there. */
export interface BackupNeeds {
  /** Storage engines of its tables. */
  readonly engines: readonly string[]
  /** Time zones its events are planned in and its generated columns are computed in; `SYSTEM` is the server's own. */
  readonly timeZones: readonly string[]
}

/** The bytes of one base backup: how they were taken, from what, and where each part lies with its hashes. */
export interface BackupImage {
  /** Name of the backup method that took it and can load it: `mysqldump`. */
  readonly method: string
  /** The program. */
  readonly tool: BackupTool
  /** The server. */
  readonly server: BackupServer
  /** What it holds. */
  readonly scope: BackupScope
  /** What it needs of a target. */
  readonly needs: BackupNeeds
  /** What the server had and the backup does not hold, each with its kind and name: `plugin (INSTALL PLUGIN) clone`. */
  readonly notIncluded: readonly string[]
  /** Its parts, in the order they are loaded. */
  readonly parts: readonly BackupPart[]
  /** Bytes of content of all parts together. */
  readonly bytes: number
}
