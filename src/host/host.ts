import type { Readable, Writable } from 'node:stream'

/** A file on a host that only its owner can read (0600), removed on dispose: option files with passwords. */
export interface PrivateFile extends AsyncDisposable {
  /** The path on the host. */
  readonly path: string
}

/** How a program ended. */
export interface ProgramEnd {
  /** The exit code; undefined when a signal ended it. */
  readonly exitCode: number | undefined
  /** The signal that ended it. */
  readonly signal: string | undefined
  /** The end of what it wrote to standard error, at most 16 KiB. */
  readonly stderr: string
}

/** A program at work. Leaving the scope kills it and waits for its end. */
export interface RunningProgram extends AsyncDisposable {
  /** Its standard input; end it to say "no more". */
  readonly stdin: Writable
  /** Its standard output; must be consumed. */
  readonly stdout: Readable
  /** Resolves (never rejects) when the program has ended and its output was read. */
  readonly ended: Promise<ProgramEnd>
}

/** What {@link Host.run} takes beside the program. */
export interface RunOptions {
  /** Kills the program when aborted. */
  readonly signal?: AbortSignal | undefined
  /** Environment variables set for the program, on top of the host's own. Never a secret: they can be read by others. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** A place where client programs run: this machine, a container, a machine behind ssh. Arguments are arrays, never a shell string. */
export interface Host {
  /** Names the place in messages: `this machine`, `container shop-db`. */
  readonly description: string
  /** The first of `names` that exists on this host as something {@link Host.run} can start; undefined when none does. */
  findProgram(names: readonly string[]): Promise<string | undefined>
  /** Starts a program. A program that cannot be started ends with exit code 127 and the reason as its stderr. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunningProgram>
  /** Makes a private file with this content. */
  privateFile(content: string): Promise<PrivateFile>
}
