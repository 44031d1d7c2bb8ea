import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { TestServer } from '../servers/index.ts'
import type { ChildInput, Finished } from './child-main.ts'

const SCRIPT = new URL('child-main.ts', import.meta.url).pathname
const NOBODY = 65_534

/** What a child process says about the error its operation ended with. */
export interface Outcome {
  readonly code?: string
  readonly subject?: string
  readonly hint?: string
}

/** Starts an operation on the archive in `folder` in a process of its own. */
export function startChild(
  operation: 'backup' | 'archive' | 'restore',
  folder: string,
  { server, ...input }: Omit<ChildInput, 'server'> & { readonly server: TestServer },
): ChildProcess {
  const { connection, clientPrograms, toolsConnection } = server
  return spawnChild([operation, folder], { server: { connection, clientPrograms, toolsConnection }, ...input })
}

/** Waits for the end of a child: what it said at its end, or undefined when it was killed before. */
export async function endOf(child: ChildProcess): Promise<Finished | undefined> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const [, signal] = await once(child, 'close')
  if (signal === 'SIGKILL') return undefined
  const said = JSON.parse(text) as Finished | Outcome
  if (!('steps' in said)) throw new Error(`the child failed: ${text}`)
  return said
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
    return await outcomeOf(spawnChild([operation, folder], {}, isRoot ? { uid: NOBODY } : {}))
  } finally {
    await chmod(folder, 0o700)
  }
}

function spawnChild(args: readonly string[], input: object, options: { readonly uid?: number } = {}): ChildProcess {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'inherit'], ...options })
  child.stdin?.end(JSON.stringify(input))
  return child
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  return JSON.parse(text === '' ? '{}' : text) as Outcome
}
