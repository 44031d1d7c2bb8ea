import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { createConnection } from 'mysql2/promise'
import { beforeAll, expect, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { startChild } from '../../support/child/child.ts'
import { open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
  return async () => await prepared[Symbol.asyncDispose]()
})

test('a backup killed in the middle of its dump leaves no image, and the next one works', async ({ skip }) => {
  const { source, admin, target } = prepared
  skip(source.clientPrograms.kind === 'container', 'the killed process runs client programs of this machine')
  await makeItLong()
  const { folder, manager } = await prepared.copy()
  const [image] = [...(await manager.images())]

  const child = startChild('backup', folder, { server: source, stuck: true })
  const ended = once(child, 'close')
  if (child.stdout === null) throw new Error('the child has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    // Bytes of the dump are in the storage, and more are to come.
    expect(line).toMatch(/^writing .*\/backup\//)
    child.kill('SIGKILL')
  }
  expect((await ended)[1]).toBe('SIGKILL')

  const reopened = await open(folder)
  expect([...(await reopened.images())].map(({ id, state }) => [id, state])).toEqual([[image?.id, 'open']])
  await using server = await connect(source)
  const second = await reopened.backup(server, { method: mysqldump() })
  expect([...(await reopened.images())].map(({ id }) => id)).toEqual([image?.id, second.id])
  // Neither is DDL held back any more.
  await admin.query('ALTER TABLE shop.big ADD COLUMN more INT')

  await reopened.archive(server)
  await using into = await connect(target)
  const plan = await reopened.plan({ kind: 'latest' })
  await reopened.restore(plan, { into: { kind: 'server', server: into }, accounts: 'none' })
  const restored = await createConnection({ ...target.connection })
  const [rows] = await restored.query('SELECT COUNT(*) AS count, SUM(more IS NULL) AS nulls FROM shop.big')
  expect(rows).toEqual([{ count: 512, nulls: '512' }])
  restored.destroy()
})

// 4 MB that do not compress: more than what waits in buffers on the way.
async function makeItLong(): Promise<void> {
  const { admin } = prepared
  await admin.query('CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, data VARBINARY(16000)) ENGINE=InnoDB')
  await admin.query('INSERT INTO shop.big (data) VALUES (RANDOM_BYTES(1000))')
  for (let doubled = 0; doubled < 9; doubled++) {
    await admin.query(
      `INSERT INTO shop.big (data)
       SELECT CONCAT(${Array.from({ length: 8 }, () => 'RANDOM_BYTES(1000)').join(', ')}) FROM shop.big`,
    )
  }
}
