import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { dirname } from 'node:path'

const SCRIPT = new URL('child-main.ts', import.meta.url).pathname
const NOBODY = 65_534

/** What a child process says about the error its operation ended with. */
export interface Outcome {
  readonly code?: string
  readonly subject?: string
  readonly hint?: string
}

/** Starts `child-main.ts` in a process of its own. `input` is handed over on its standard input. */
export function startChild(args: readonly string[], input = '', options: { readonly uid?: number } = {}): ChildProcess {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'inherit'], ...options })
  child.stdin?.end(input)
  return child
}

/**
 * Opens or makes an archive as a user without rights to it. To root no folder is closed, so a test that runs as root
 * becomes somebody else; any other user closes the folder to itself.
 */
export async function runAsNobody(operation: 'create' | 'open', folder: string): Promise<Outcome> {
  const isRoot = process.getuid?.() === 0
  // The way to the folder is open, the folder is not.
  await chmod(dirname(folder), 0o755)
  await chmod(folder, operation === 'create' ? 0o555 : 0o700)
  if (!isRoot && operation === 'open') await chmod(folder, 0o000)
  try {
    return await outcomeOf(startChild([operation, folder], '', isRoot ? { uid: NOBODY } : {}))
  } finally {
    await chmod(folder, 0o700)
  }
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  return JSON.parse(text) as Outcome
}
