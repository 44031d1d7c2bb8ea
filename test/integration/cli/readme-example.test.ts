import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { expect, test } from 'vitest'
import { readmeExample } from '../../docs/readme-example.ts'
import { optionsFor } from '../../quickstart/connect.ts'
import { createRestoreAccount } from '../../quickstart/restore-account.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { ServerConnection } from '../../support/servers/index.ts'

test('the example of the README brings back the orders', async () => {
  await using resources = new AsyncDisposableStack()
  const source = resources.use(await startServer(flavor))
  const target = resources.use(await startServer(flavor))
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-readme-'))
  resources.defer(async () => rm(folder, { recursive: true, force: true }))
  const shop = await open(source.connection, resources)
  await shop.query('CREATE DATABASE shop')
  await shop.query('CREATE TABLE shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, total INT NOT NULL)')
  await shop.query('INSERT INTO shop.orders (total) VALUES (1), (2)')
  const restorer = await createRestoreAccount(await open(target.connection, resources))
  const printed: string[] = []

  await readmeExample({
    folder,
    db1: optionsFor(source),
    db2: optionsFor(target, restorer),
    noon: new Date(Date.now() - 3_600_000),
    causeAccident: async () => {
      await shop.query('INSERT INTO shop.orders (total) VALUES (3)')
      // MariaDB tells commits apart by the second.
      await sleep(1100)
      const accident = new Date()
      await shop.query('DELETE FROM shop.orders')
      return accident
    },
    print: (...values) => printed.push(values.map(String).join(' ')),
  })

  const restored = await open({ ...target.connection, ...restorer }, resources)
  const [rows] = await restored.query<RowDataPacket[]>('SELECT id, total FROM shop.orders ORDER BY id')
  expect(rows).toEqual([
    { id: 1, total: 1 },
    { id: 2, total: 2 },
    { id: 3, total: 3 },
  ])
  expect(printed.length).toBeGreaterThanOrEqual(4)
})

async function open(server: ServerConnection, resources: AsyncDisposableStack): Promise<Connection> {
  const connection = await createConnection({ ...server })
  resources.defer(() => connection.destroy())
  return connection
}
