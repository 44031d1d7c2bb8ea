import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import type { ServerConnection } from '../support/servers/index.ts'
import type { Account } from './connect.ts'
import { randomCustomer, randomProduct } from './shop.ts'

const CONNECTIONS = 4
// Slow enough that the log stays small on a fast machine.
const PAUSE_MS = 5

/** Customers who order, over several connections at once, until they are stopped. */
export class Writers implements AsyncDisposable {
  readonly #connections: readonly Connection[]
  readonly #loops: readonly Promise<void>[]
  #stopping = false
  #orders = 0

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections
    this.#loops = connections.map(async (connection) => this.#write(connection))
    // A failure is reported by `stop`; until then it must not end the process.
    for (const loop of this.#loops) loop.catch(() => {})
  }

  /** Connects as the shop's application and begins to order. */
  static async start({ host, port }: ServerConnection, account: Account): Promise<Writers> {
    const connections = []
    for (let index = 0; index < CONNECTIONS; index += 1) {
      connections.push(await createConnection({ host, port, ...account }))
    }
    return new Writers(connections)
  }

  /** Lets them order for a while. */
  async run(milliseconds: number, signal: AbortSignal): Promise<void> {
    await Promise.race([sleep(milliseconds, undefined, { signal }), Promise.all(this.#loops)])
  }

  /** Orders placed so far. */
  get orders(): number {
    return this.#orders
  }

  /** Waits until every order that was begun is committed; no write comes after it. */
  async stop(): Promise<number> {
    this.#stopping = true
    await Promise.all(this.#loops)
    return this.#orders
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    await Promise.allSettled(this.#loops)
    await Promise.allSettled(this.#connections.map(async (connection) => connection.end()))
  }

  async #write(connection: Connection): Promise<void> {
    while (!this.#stopping) {
      await placeOrder(connection)
      this.#orders += 1
      await sleep(PAUSE_MS)
    }
  }
}

async function placeOrder(connection: Connection): Promise<void> {
  await connection.beginTransaction()
  const [result] = await connection.query('INSERT INTO shop.orders (customer_id) VALUES (?)', [randomCustomer()])
  const order = (result as { readonly insertId: number }).insertId
  for (let line = 1; line <= 1 + (order % 4); line += 1) {
    await connection.query(
      `INSERT INTO shop.order_lines (order_id, line, product_id, quantity, price)
       SELECT ?, ?, id, ?, price FROM shop.products WHERE id = ?`,
      [order, line, 1 + (order % 3), randomProduct()],
    )
  }
  if (order % 5 === 0) await connection.query('CALL shop.pay(?)', [order])
  await connection.commit()
}
