#!/usr/bin/env node
import { EXIT_ABORTED, EXIT_OK } from './exit-codes.ts'
import { runProgram } from './program.ts'

// Who reads the result may have seen enough ("| head"); who reads the progress may be gone, which must not stop a restore.
process.stdout.on('error', leaveQuietly)
process.stderr.on('error', () => undefined)
process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: abortOnSignals(),
})

function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT_OK)
}

/** The first signal asks the operation to stop in order; the next one ends the process at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT_ABORTED)
    controller.abort(signal)
  }
  // `on`, not `once`: execa ends the process by the signal when it finds no other listener left, which `once` is by then.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  return controller.signal
}
