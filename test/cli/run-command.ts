import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'

/** How the command ended and what it printed. */
export interface CommandEnd {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `mysql-pitr` from its source, as a process of its own. `env` is added to ours; `onStart` gets the process. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onStart: (child: ChildProcess) => void = () => {},
): Promise<CommandEnd> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onStart(child)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve(exitCode))
  })
  const [exitCode, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { exitCode, stdout, stderr }
}

/** Expects an exit code; shows what the command printed on standard error when it is another. */
export function expectExit(end: CommandEnd | undefined, exitCode: number): void {
  const stderr = end?.exitCode === exitCode ? '' : end?.stderr
  expect({ exitCode: end?.exitCode, stderr }).toEqual({ exitCode, stderr: '' })
}

/** Expects an exit code, no result, and an error of this code as JSON. */
export function expectError(end: CommandEnd, exitCode: number, code: string): void {
  expectExit(end, exitCode)
  expect(end.stdout).toBe('')
  const last = end.stderr.trimEnd().split('\n').at(-1) ?? ''
  expect(JSON.parse(last)).toMatchObject({ error: { code, subject: expect.any(String), hint: expect.any(String) } })
}
