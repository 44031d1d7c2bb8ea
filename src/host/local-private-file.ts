import { randomUUID } from 'node:crypto'
import { open, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { PrivateFile } from './host.ts'

/**
 * A private file of this machine. Where the system allows it (Linux) its name is removed before the content is written, and
 * programs read it through this process, so that nothing is left of it however this process ends. See
 * [/proc/pid/fd](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html). Elsewhere it has a name until it is disposed.
 */
export async function localPrivateFile(content: string): Promise<PrivateFile> {
  const name = join(tmpdir(), `mysql-pitr-${randomUUID()}`)
  const file = await open(name, 'wx+', 0o600)
  const remove = async (): Promise<void> => await rm(name, { force: true })
  try {
    const path = (await programsReadThroughUs()) ? `/proc/${process.pid}/fd/${file.fd}` : name
    if (path !== name) await remove()
    await file.writeFile(content)
    return { path, [Symbol.asyncDispose]: async () => await closeAndRemove(file, remove) }
  } catch (error) {
    await closeAndRemove(file, remove)
    throw error
  }
}

async function closeAndRemove(file: FileHandle, remove: () => Promise<void>): Promise<void> {
  try {
    await file.close()
  } finally {
    await remove()
  }
}

/** A process that may not be looked into, such as one with capabilities of its file, belongs to root there. */
async function programsReadThroughUs(): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    return (await stat(`/proc/${process.pid}/fd`)).uid === process.geteuid?.()
  } catch {
    return false
  }
}
