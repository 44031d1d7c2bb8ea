import { createConnection } from 'mysql2/promise'
import { startServer, wipe } from '../../support/servers/index.ts'
import type { Flavor, TestServer } from '../../support/servers/index.ts'

// They are thrown away: what a crash would do to them does not matter.
const FAST = ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0']

/** Servers to restore into, one restore after the other: making one new again is quicker than starting another. */
export class Targets implements AsyncDisposable {
  readonly #flavor: Flavor
  readonly #free: Promise<TestServer>[]
  readonly #waiting: ((server: Promise<TestServer>) => void)[] = []

  constructor(flavor: Flavor, count: number) {
    this.#flavor = flavor
    this.#free = Array.from({ length: count }, async () => startTarget(flavor))
    // A failure is told to the one who takes the server.
    for (const server of this.#free) server.catch(() => {})
  }

  /** Runs the task with an empty server, as soon as there is one. */
  async use(task: (server: TestServer) => Promise<void>): Promise<void> {
    const taken = this.#free.shift() ?? new Promise<TestServer>((resolve) => this.#waiting.push(resolve))
    const server = await taken
    try {
      await makeNew(server)
      await task(server)
      this.#giveBack(taken)
    } catch (error) {
      // Whatever state it is in: nobody else shall have it.
      await server[Symbol.asyncDispose]()
      this.#giveBack(startTarget(this.#flavor))
      throw error
    }
  }

  #giveBack(server: Promise<TestServer>): void {
    server.catch(() => {})
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(server)
    else next(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#free.map(async (server) => (await server)[Symbol.asyncDispose]()))
  }
}

async function startTarget(flavor: Flavor): Promise<TestServer> {
  return startServer(flavor, { options: FAST })
}

async function makeNew({ connection, flavor }: TestServer): Promise<void> {
  const client = await createConnection({ ...connection })
  try {
    await wipe(client, flavor, `${connection.host}:${connection.port}`)
  } finally {
    await client.end()
  }
}
