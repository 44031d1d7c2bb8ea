import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from './lock.ts'

/** How the names of this user's temporary files begin; another user's are not ours to touch. Short, for sockets lie in there. */
export const TEMPORARY_PREFIX: string = join(tmpdir(), `mysql-pitr-${process.getuid?.() ?? 0}-`)

/** A new folder that only this user can enter; its name tells the process it belongs to. */
export async function temporaryFolder(): Promise<string> {
  swept ??= removeLeftovers()
  await swept
  return mkdtemp(`${TEMPORARY_PREFIX}${process.pid}-`)
}

let swept: Promise<void> | undefined

/** Removes what processes left behind that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name)
    if (!path.startsWith(TEMPORARY_PREFIX)) continue
    const [, owner] = /^(\d+)-/.exec(path.slice(TEMPORARY_PREFIX.length)) ?? []
    if (owner !== undefined && !isAlive(Number(owner))) await rm(path, { recursive: true, force: true })
  }
}
