import { createConnection } from 'mysql2/promise'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../random.ts'
import type { ServerConnection } from '../servers/index.ts'
import { Ledger } from './ledger.ts'
import { DATABASE, setUp } from './schema.ts'
import type { Engine } from './step.ts'
import { Worker } from './worker.ts'
import type { Shared } from './worker.ts'

/** What {@link startLoad} takes. */
export interface LoadOptions {
  /** @default 8 */
  readonly connections?: number | undefined
  /** Steps a second, of all connections together; they come in bursts. @default 200 */
  readonly perSecond?: number | undefined
  /** Decides what the connections do, not when. @default 1 */
  readonly seed?: number | undefined
}

/** Tables that keep what a transaction did to them when it is rolled back. */
export interface NonTransactional {
  readonly engines: readonly Engine[]
  /** Whether the server takes changes to them inside of a transaction; with GTIDs MySQL refuses that. */
  readonly mixes: boolean
}

/** Connections at work on a server. Leaving the scope stops them. */
export interface Load extends AsyncDisposable {
  /** What they did. */
  readonly ledger: Ledger
  /** From now on some of the new tables are of these engines. */
  allow(nonTransactional: NonTransactional): void
  /** Waits until `count` more steps are committed. */
  more(count: number): Promise<void>
  /** Lets each finish its transaction, and ends. Rejects when one of them failed. */
  stop(): Promise<void>
}

/** Makes the tables and lets several connections write into them, until {@link Load.stop}. */
export async function startLoad(connection: ServerConnection, options: LoadOptions = {}): Promise<Load> {
  const { connections = 8, perSecond = 200, seed = 1 } = options
  const ledger = new Ledger()
  const stopping = new AbortController()
  await prepare(connection, connections, ledger)

  const shared: Shared = { ledger, nextNumber: 1, engines: ['InnoDB'], mixes: false }
  const ends = Array.from({ length: connections }, async (_, index) => {
    const worker = new Worker(index + 1, new Random(seed * 1000 + index), shared)
    try {
      await runWorker(worker, connection, { perSecond: perSecond / connections, signal: stopping.signal })
    } catch (error) {
      // The others stop as well; `stop` and `more` tell why.
      stopping.abort(error)
      throw error
    }
  })
  const ended = Promise.all(ends)
  // It is awaited in `more` and `stop`; until then a failure must not count as unhandled.
  ended.catch(() => {})
  const stop = async (): Promise<void> => {
    stopping.abort()
    await ended
  }
  return {
    ledger,
    allow({ engines, mixes }) {
      shared.engines = ['InnoDB', ...engines]
      shared.mixes = mixes
    },
    async more(count) {
      const goal = ledger.committed + count
      while (ledger.committed < goal) {
        if (stopping.signal.aborted) await ended
        await sleep(10)
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function prepare(connection: ServerConnection, workers: number, ledger: Ledger): Promise<void> {
  const client = await createConnection({ ...connection })
  try {
    // For LOAD DATA LOCAL, which MySQL does not allow by default.
    await client.query('SET GLOBAL local_infile = ON')
    const step = await setUp(client, workers)
    ledger.intend(step)
    ledger.confirm(step)
  } finally {
    await client.end()
  }
}

interface Pace {
  readonly perSecond: number
  readonly signal: AbortSignal
}

// Bursts without a pause, so that many commits share a second and some a group; then a rest that keeps the pace.
async function runWorker(worker: Worker, connection: ServerConnection, { perSecond, signal }: Pace): Promise<void> {
  const client = await createConnection({ ...connection, database: DATABASE })
  try {
    while (!signal.aborted) {
      const startedAt = performance.now()
      const steps = worker.random.integer(2, 12)
      for (let done = 0; done < steps && !signal.aborted; done++) await worker.next(client)
      await rest((steps / perSecond) * 1000 - (performance.now() - startedAt), signal)
    }
  } finally {
    await client.end()
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await Promise.race([sleep(ms), once(signal, 'abort')])
}
