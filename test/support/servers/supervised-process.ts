import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

// The server must not outlive the test process, however that one ends, and Node cannot ask the kernel for it. So a
// shell holds the read end of a pipe whose only writer is the test process: when that is gone, `read` ends.
const SUPERVISOR = `
exec 3<&0
log=$1; shift
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
echo $server
{ read -r _ <&3; kill -9 $server; } 2>/dev/null >&2 &
watch=$!
wait $server
status=$?
kill -9 $watch
exit $status
`

/** A server process that dies with this process. */
export class SupervisedProcess {
  readonly #supervisor: ChildProcess
  readonly #pid: number

  private constructor(supervisor: ChildProcess, pid: number) {
    this.#supervisor = supervisor
    this.#pid = pid
  }

  /** Starts a program whose whole output is appended to a file. */
  static async start(
    program: string,
    args: readonly string[],
    logFile: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<SupervisedProcess> {
    const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', logFile, program, ...args], {
      // A group of its own: Ctrl-C in a terminal is for the test runner, which then ends its servers.
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...environment },
    })
    const [line] = (await once(supervisor.stdout, 'data')) as [Buffer]
    // A server somebody forgot to dispose of shall not keep the test process from ending.
    supervisor.unref()
    for (const pipe of [supervisor.stdin, supervisor.stdout]) (pipe as Socket | null)?.unref()
    return new SupervisedProcess(supervisor, Number(line.toString('utf8')))
  }

  /** How the server ended; undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#supervisor
    if (signalCode !== null) return `signal ${signalCode}`
    if (exitCode === null) return undefined
    // A shell tells the signal that ended its child as 128 + its number.
    return exitCode > 128 ? `signal ${exitCode - 128}` : `exit code ${exitCode}`
  }

  /** Sends a signal to the server itself; nothing happens when it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.ended === undefined) process.kill(this.#pid, signal)
  }

  /** Waits until the server has ended. */
  async waitForEnd(timeoutMs: number): Promise<void> {
    // Polls because nothing of an unreferenced child keeps the process alive while one waits for it.
    for (const deadline = Date.now() + timeoutMs; this.ended === undefined; await sleep(10)) {
      if (Date.now() > deadline) throw new Error(`the server (process ${this.#pid}) did not end within ${timeoutMs} ms`)
    }
  }
}
