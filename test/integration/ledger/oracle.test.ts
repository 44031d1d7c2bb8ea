import { createConnection } from 'mysql2/promise'
import { expect, test } from 'vitest'
import { flavor } from '../../support/flavor.ts'
import { readOrder } from '../../support/oracle/index.ts'
import { startServer } from '../../support/servers/index.ts'
import { contentDifferences, DATABASE, LABEL_TABLES, readContent, startLoad } from '../../support/workload/index.ts'

test('the order the vendor prints, and what the writers say they did, give the content the server has', async () => {
  await using server = await startServer(flavor)
  await using load = await startLoad(server.connection)
  await load.more(150)
  await using client = await createConnection({ ...server.connection })
  await client.query('FLUSH BINARY LOGS')
  await load.more(250)
  await load.stop()

  const order = await readOrder(server, LABEL_TABLES)
  expect(load.ledger.contradictions(order)).toEqual([])
  expect(load.ledger.rolledBack).toBeGreaterThan(0)
  expect(new Set(order.map(({ file }) => file)).size).toBeGreaterThan(1)
  const expected = load.ledger.contentAfter(order, order.length)
  expect(contentDifferences(expected, await readContent(server.connection, DATABASE))).toEqual([])
  // A comparison that finds nothing would also find nothing here.
  const before = load.ledger.contentAfter(order, order.length - 1)
  expect(contentDifferences(before, await readContent(server.connection, DATABASE))).not.toEqual([])
})
