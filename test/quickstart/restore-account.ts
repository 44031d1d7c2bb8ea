import { randomBytes } from 'node:crypto'
import type { Connection } from 'mysql2/promise'
import type { Account } from './connect.ts'

/**
 * Makes the account the restore connects with. It exists on the target only: a backup holds the accounts of its source,
 * and a restore that would have to replace the very account it works with is refused.
 */
export async function createRestoreAccount(target: Connection): Promise<Account> {
  const account = { user: 'pitr_restore', password: `Aa1-${randomBytes(12).toString('hex')}` }
  // Unlogged: a target with transactions of its own is not empty.
  await target.query('SET SESSION sql_log_bin = 0')
  await target.query(`CREATE USER '${account.user}'@'%' IDENTIFIED BY ?`, [account.password])
  await target.query(`GRANT ALL PRIVILEGES ON *.* TO '${account.user}'@'%' WITH GRANT OPTION`)
  await allowProxy(target, account)
  await target.query('SET SESSION sql_log_bin = 1')
  return account
}

/**
 * The root of the backup has the right to act for others (PROXY), and only who has it can give it back to root. ALL
 * PRIVILEGES does not contain it. Where you are root yourself this is GRANT PROXY, as in docs/servers.md; the
 * administrator of these servers is not, so the row is written.
 */
async function allowProxy(target: Connection, { user }: Account): Promise<void> {
  await target.query(
    `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor)
     VALUES ('%', ?, '', '', 1, '')`,
    [user],
  )
  await target.query('FLUSH PRIVILEGES')
}
