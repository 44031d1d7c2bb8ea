import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from 'mysql2/promise'
import type { Effect } from './step.ts'
import { effectSql } from './step-sql.ts'

const BEGUN_AGAIN: ReadonlySet<string | undefined> = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'])

/** Does what has to be done inside of a transaction. */
export async function runEffects(client: Connection, effects: readonly Effect[]): Promise<void> {
  for (const effect of effects) {
    for (const { sql, values, input } of effectSql(effect)) {
      await client.query({
        sql,
        values: [...values],
        ...(input !== undefined && { infileStreamFactory: () => Readable.from([Buffer.from(input)]) }),
      })
    }
  }
}

/**
 * Does a whole transaction, with `beforeEnd` as the last thing inside. Two transactions may wait for each other in an
 * index, and all of them for a backup that locks; the one that the server picks begins again.
 */
export async function runTransaction(
  client: Connection,
  effects: readonly Effect[],
  end: 'COMMIT' | 'ROLLBACK',
  beforeEnd?: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await client.query('BEGIN')
      await runEffects(client, effects)
      break
    } catch (error) {
      if (!BEGUN_AGAIN.has((error as NodeJS.ErrnoException).code)) throw error
      await client.query('ROLLBACK')
    }
  }
  await beforeEnd?.()
  await client.query(end)
}

/** Prepares an XA transaction; others go on for a while before it ends. Its name is its number. */
export async function prepareXa(
  client: Connection,
  number: number,
  effects: readonly Effect[],
  waitMs: number,
): Promise<void> {
  await client.query(`XA START '${number}'`)
  await runEffects(client, effects)
  await client.query(`XA END '${number}'`)
  await client.query(`XA PREPARE '${number}'`)
  await sleep(waitMs)
}
