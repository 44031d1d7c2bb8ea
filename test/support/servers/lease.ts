import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockHolder, tryLock } from './lock.ts'
import type { Lock } from './lock.ts'
import { TEMPORARY_PREFIX } from './temporary-folder.ts'

/** A thing of a list that is this process's own until it lets go of it. */
export interface Lease<T> {
  readonly item: T
  readonly lock: Lock
}

/** Where the leases of this user's test processes lie; whatever belongs to one thing has its name in it. */
export function leaseFile(name: string, extension: string): string {
  const id = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return join(`${TEMPORARY_PREFIX}leases`, `${id}.${extension}`)
}

/**
 * Takes the first free item of a list. While other processes hold all of them it waits; when this process holds them
 * itself, nobody would ever let go of one, so it answers undefined at once.
 */
export async function lease<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  timeoutMs: number,
): Promise<Lease<T> | undefined> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(100)) {
    const holders: (number | undefined)[] = []
    for (const item of items) {
      const file = leaseFile(nameOf(item), 'lock')
      const lock = await tryLock(file)
      if (lock !== undefined) return { item, lock }
      holders.push(await lockHolder(file))
    }
    if (holders.every((holder) => holder === process.pid) || Date.now() > deadline) return undefined
  }
}
