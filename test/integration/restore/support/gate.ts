import { createConnection } from 'mysql2/promise'
import { expect } from 'vitest'
import type { TestServer } from '../../../support/servers/index.ts'
import { run } from './query.ts'

/** A closed gate on a target: the replay waits before it (see `history.ts`). */
export interface Gate extends AsyncDisposable {
  /** Resolves when the replay stands before it. */
  reached(): Promise<void>
  /** Lets the replay pass. */
  open(): Promise<void>
}

/** Closes the gate. */
export async function closeGate(target: TestServer): Promise<Gate> {
  const holder = await createConnection(target.connection)
  // A restore that is begun again ends the sessions of its account.
  holder.on('error', () => {})
  await holder.query("SELECT GET_LOCK('gate', 0)")
  const waiting = "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'"
  return {
    reached: async () => {
      await expect.poll(async () => (await run(target, [waiting])).length, { timeout: 90_000 }).toBe(1)
    },
    open: async () => {
      await holder.query("SELECT RELEASE_LOCK('gate')")
    },
    async [Symbol.asyncDispose]() {
      holder.destroy()
      await Promise.resolve()
    },
  }
}
