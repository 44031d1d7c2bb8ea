import { PassThrough, pipeline } from 'node:stream'
import type { Writable } from 'node:stream'

import type { ProgramEnd, RunningProgram, RunOptions } from './host.ts'

/** How much of standard error is kept: enough for any message, whatever a program floods us with. */
const STDERR_TAIL_BYTES = 16 * 1024

/**
 * More than what a server's message can have (MYSQL_ERRMSG_SIZE). Such a message may quote a statement: a rest of one, in
 * which the word PASSWORD is cut off, would not be known for what it is.
 */
const LONGEST_QUOTE_BYTES = 1024

/** How long a program may take to end by itself after SIGTERM. */
const KILL_GRACE_MS = 5_000

/**
 * Set for every program, wherever it runs.
 *
 * Messages are read by us, so they must not depend on the locale of whoever calls. And MySQL's programs read the login
 * file of the person who runs them behind any option file, so that a `[client]` in there would send a dump or a replay
 * to another server, `--defaults-file` or not; this variable names a file that does not exist instead:
 * https://dev.mysql.com/doc/refman/en/option-files.html
 */
export const PROGRAM_ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  MYSQL_TEST_LOGIN_FILE: '/nonexistent/mylogin.cnf',
}

/** Starts a child process; the one place where the library does. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunningProgram> {
  // Loaded by who runs programs: a plan or a search does not wait for it.
  const { execa } = await import('execa')
  const tail = new Tail(STDERR_TAIL_BYTES)
  const child = execa(program, args, {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    encoding: 'buffer',
    env: { ...PROGRAM_ENVIRONMENT, ...options.env },
    forceKillAfterDelay: KILL_GRACE_MS,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  })
  // Read from the first moment: execa lets output nobody reads run away a turn later, and a caller may need time before
  // it reads. What it does not take waits here, and then in the program's pipe.
  const stdout = new PassThrough()
  pipeline(child.stdout, stdout, () => undefined)
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk))
  // A program that ends early closes its input; its exit status tells why, the broken pipe does not.
  child.stdin.on('error', () => child.stdin.destroy())

  let over = false
  const ended = child.then((result): ProgramEnd => {
    over = true
    const failed = result.exitCode === undefined && result.signal === undefined
    return {
      exitCode: failed ? 127 : result.exitCode,
      signal: result.signal,
      stderr: failed ? (result.originalMessage ?? `${program} could not be started`) : tail.text(),
    }
  })
  return {
    stdin: child.stdin satisfies Writable,
    stdout,
    ended,
    async [Symbol.asyncDispose]() {
      if (!over) child.kill()
      child.stdout.destroy()
      stdout.destroy()
      child.stdin.destroy()
      await ended
    },
  }
}

/** The last bytes of what is added. */
class Tail {
  readonly #limit: number
  #bytes: Buffer = Buffer.alloc(0)
  #isCut = false

  constructor(limit: number) {
    this.#limit = limit
  }

  add(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#bytes, chunk])
    this.#isCut ||= bytes.length > this.#limit
    this.#bytes = bytes.subarray(-this.#limit)
  }

  text(): string {
    if (!this.#isCut) return this.#bytes.toString('utf8')
    const lineEnd = this.#bytes.indexOf('\n', LONGEST_QUOTE_BYTES)
    return this.#bytes.toString('utf8', lineEnd < 0 ? LONGEST_QUOTE_BYTES : lineEnd + 1)
  }
}
