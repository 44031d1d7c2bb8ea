import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Something one process of this machine holds alone; it ends with {@link Lock.release} or with the process. */
export interface Lock extends AsyncDisposable {
  release(): Promise<void>
}

/** Waits until nobody holds the lock file, takes it, and lets go of it when `work` is done. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (let waits = 1; ; waits++) {
    await using lock = await tryLock(file)
    if (lock !== undefined) return await work()
    await sleep(100)
    if (waits % 300 === 0) console.warn(`waiting for ${file}, which process ${await lockHolder(file)} holds`)
  }
}

/** Takes the lock file, or answers undefined at once when a living process holds it. */
export async function tryLock(file: string): Promise<Lock | undefined> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  if (!(await claim(file))) {
    await removeStale(file)
    if (!(await claim(file))) return undefined
  }
  const release = async (): Promise<void> => rm(file, { force: true })
  return { release, [Symbol.asyncDispose]: release }
}

/** The process that holds a lock file, if any. */
export async function lockHolder(file: string): Promise<number | undefined> {
  const holder = await contentOf(file)
  return holder === undefined ? undefined : Number.parseInt(holder, 10)
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    // The file of a process that ended meanwhile is there, and cannot be read.
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return undefined
    throw error
  }
}

// A hard link appears with its content, so nobody ever reads a lock file that has no holder in it yet.
async function claim(file: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, await identityOf(process.pid), { mode: 0o600 })
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function removeStale(file: string): Promise<void> {
  const holder = await contentOf(file)
  if (holder === undefined || (await holds(holder))) return
  const aside = `${file}.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return
    throw error
  }
  // Between reading and renaming, somebody else may have removed the stale file and taken the lock: give theirs back.
  if ((await contentOf(aside)) !== holder) await link(aside, file)
  await rm(aside, { force: true })
}

async function holds(holder: string): Promise<boolean> {
  const pid = Number.parseInt(holder, 10)
  return isAlive(pid) && (await identityOf(pid)) === holder
}

// Numbers are given out again, on a busy machine within the hour: Linux tells also when a process began.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
async function identityOf(pid: number): Promise<string> {
  const stat = await contentOf(`/proc/${pid}/stat`)
  const startTime = stat?.slice(stat.lastIndexOf(')')).split(' ')[20]
  return startTime === undefined ? String(pid) : `${pid} ${startTime}`
}

/** Whether a process of this machine exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

/** Whether something thrown is a system error with this code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
