/** How consistency between tables is reached: by one snapshot of the storage engine, or by locking all tables. */
export type DumpConsistency = 'snapshot' | 'lock'

/** What differs between the flavors' dump programs, and between the clients that load what they wrote. */
export interface DumpDialect {
  /** Arguments of the dump program: everything but the connection and the databases. `version` is the program's own. */
  dumpArguments(consistency: DumpConsistency, version: string): readonly string[]
  /** The program that is needed to dump the history of system-versioned tables; undefined when one of this version can. */
  historyProgram(version: string): string | undefined
  /** The one line of the dump's header that holds the position; groups `file` and `offset`. */
  readonly positionLine: RegExp
  /** Lines the programs write to standard error that say nothing about what they did. */
  readonly harmlessComplaints: readonly RegExp[]
  /** Arguments of the client that loads: the strictest it knows. */
  readonly loadArguments: readonly string[]
  /** SQL before a dump is loaded: no binary log, every statement commits, and nothing the server adds to definitions by itself. */
  readonly beforeLoad: readonly string[]
  /** SQL more before tables of a loaded dump are rebuilt as they are. */
  readonly beforeRebuild: readonly string[]
}
