import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asUser } from './data-directory.ts'
import { serverError } from './errors.ts'
import { SupervisedProcess } from './supervised-process.ts'
import type { ServerSignal } from './types.ts'

// Long, because on a busy machine a server may also have a crash to recover from.
const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 120_000

/** A server process on its folder (`data`, `tmp`, socket, error log), which can be ended and started again. */
export class LocalInstance {
  readonly socketPath: string
  readonly dataDirectory: string
  readonly #program: string
  readonly #args: readonly string[]
  readonly #errorLog: string
  readonly #environment: Readonly<Record<string, string>>
  #process: SupervisedProcess | undefined

  constructor(
    program: string,
    folder: string,
    port: number,
    options: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#environment = environment
    this.#program = program
    // Short: a socket's path has little more than a hundred characters.
    this.socketPath = join(folder, 's')
    this.dataDirectory = join(folder, 'data')
    this.#errorLog = join(folder, 'error.log')
    this.#args = [
      '--no-defaults',
      ...asUser(),
      `--datadir=${this.dataDirectory}`,
      `--tmpdir=${join(folder, 'tmp')}`,
      `--socket=${this.socketPath}`,
      `--pid-file=${join(folder, 'pid')}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      ...options,
    ]
  }

  /** Starts the process and waits until it takes connections. */
  async start(): Promise<void> {
    this.#process = await SupervisedProcess.start(this.#program, this.#args, this.#errorLog, this.#environment)
    for (const deadline = Date.now() + START_TIMEOUT_MS; !(await accepts(this.socketPath)); await sleep(20)) {
      const { ended } = this.#process
      if (ended !== undefined) throw await this.failure(`the server ended while it started (${ended})`)
      if (Date.now() > deadline) throw await this.failure(`the server took no connection in ${START_TIMEOUT_MS} ms`)
    }
  }

  /** Sends a signal; one that ends the process is waited for. */
  async kill(signal: ServerSignal): Promise<void> {
    this.#process?.signal(signal)
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await this.#process?.waitForEnd(STOP_TIMEOUT_MS)
  }

  /** Stops it cleanly where it still runs, also where it was suspended, and starts it again. */
  async restart(): Promise<void> {
    await this.kill('SIGCONT')
    await this.kill('SIGTERM')
    await this.start()
  }

  /** An error about this server, with the end of its error log. */
  async failure(what: string, cause?: unknown): Promise<Error> {
    return serverError(`${this.#program}: ${what}`, await readFile(this.#errorLog, 'utf8'), cause)
  }
}

// After a crash the socket's file is still there, so only a connection tells.
async function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
