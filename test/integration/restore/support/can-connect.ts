import { createConnection } from 'mysql2/promise'
import type { ServerConnection, TestServer } from '../../../support/servers/index.ts'

/** Whether an account is let in, and may ask something. */
export async function canConnect(
  { connection }: TestServer,
  account: Pick<ServerConnection, 'user' | 'password'>,
): Promise<boolean> {
  try {
    const client = await createConnection({ ...connection, ...account })
    await client.query('SELECT 1').finally(() => client.destroy())
    return true
  } catch {
    return false
  }
}
