import { pipeline } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { FirstLine } from './first-line.ts'
import type { RunningProgram, RunOptions } from './host.ts'
import { programOutput } from './program-output.ts'
import { runProgram } from './run-program.ts'

/** How long ending a program may take, from asking it to forcing it; an engine that does not answer is given up then. */
const END_TIMEOUT_MS = 30_000

// Says which process it is and becomes the program: which one is an argument, never part of the script.
const START = 'echo "$$" && exec "$@"'

// First asks, as for programs of this machine; `kill` is the shell's own.
const END = `
kill -s TERM "$1" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
  kill -s 0 "$1" 2>/dev/null || exit 0
  sleep 0.2
done
kill -s KILL "$1" 2>/dev/null`

/** An engine and one of its containers. */
export interface Container {
  /** The engine's command line. */
  readonly engine: string
  /** Name or id. */
  readonly container: string
}

/**
 * Starts a program in a container. Ending it ends the program itself: an engine's `exec` that is killed leaves its program
 * running, and with it a dump, a lock, or a client that takes the end of its input for the end of a statement. See
 * [docker exec](https://docs.docker.com/reference/cli/docker/container/exec/).
 */
export async function runInContainer(
  place: Container,
  program: string,
  args: readonly string[],
  { env = {}, signal }: RunOptions,
): Promise<RunningProgram> {
  const running = await engineExec(place, env, ['sh', '-c', START, 'sh', program, ...args])
  const stdout = new FirstLine()
  pipeline(running.stdout, stdout, () => undefined)
  let over = false
  const ended = running.ended.finally(() => {
    over = true
    signal?.removeEventListener('abort', abort)
  })

  let ending: Promise<void> | undefined
  const end = (): Promise<void> => (ending ??= endProgram(place, stdout.line, ended))
  const abort = (): void => void end().then(() => running[Symbol.asyncDispose]())
  if (signal?.aborted === true) abort()
  else signal?.addEventListener('abort', abort, { once: true })

  return {
    stdin: running.stdin,
    stdout,
    ended,
    async [Symbol.asyncDispose]() {
      // Before its input is closed: it would go on with what it has.
      if (!over) await end()
      stdout.destroy()
      await running[Symbol.asyncDispose]()
    },
  }
}

async function endProgram(
  place: Container,
  process: Promise<string | undefined>,
  ended: Promise<unknown>,
): Promise<void> {
  const timeout = AbortSignal.timeout(END_TIMEOUT_MS)
  const tooLong = sleep(END_TIMEOUT_MS, undefined, { ref: false })
  const id = await Promise.race([process, ended.then(() => undefined), tooLong])
  if (id === undefined || !/^\d+$/.test(id)) return
  const run = async (program: string, args: readonly string[]): Promise<RunningProgram> =>
    await engineExec(place, {}, [program, ...args], timeout)
  await programOutput({ run }, 'sh', ['-c', END, 'sh', id])
}

async function engineExec(
  { engine, container }: Container,
  env: Readonly<Record<string, string>>,
  command: readonly string[],
  signal?: AbortSignal,
): Promise<RunningProgram> {
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  return await runProgram(engine, ['exec', '--interactive', ...variables, container, ...command], { signal })
}
