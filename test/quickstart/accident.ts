import type { Connection, ResultSetHeader } from 'mysql2/promise'
import { count } from './narrator.ts'
import { randomCustomer } from './shop.ts'

/** The accident: everything below this line should never have happened. */
export async function causeAccident(source: Connection, tell: (line: string) => void): Promise<void> {
  const [deleted] = await source.query<ResultSetHeader>('DELETE FROM shop.orders')
  tell(
    `DELETE FROM shop.orders          -- no WHERE: ${count(deleted.affectedRows, 'order')} gone, and all their lines`,
  )

  // Nobody has noticed: the log goes on behind the accident.
  for (let order = 0; order < 25; order += 1) {
    await source.query('INSERT INTO shop.orders (customer_id) VALUES (?)', [randomCustomer()])
  }
  tell('25 new orders come in')

  await source.query('DROP TABLE shop.order_lines')
  tell('DROP TABLE shop.order_lines      -- and somebody tries to repair it')
}
