import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { FoundTransaction, RestorePlan } from '../../../src/index.ts'
import { flavor } from '../../support/flavor.ts'
import { prepare } from '../restore/support/prepared.ts'

const SECRET = 'Hunter-22-secret'

/** Logged by both flavors; MySQL replaces the passwords of some with hashes, which are no less secret. */
const STATEMENTS = [
  `CREATE USER app1@'%' IDENTIFIED BY '${SECRET}'`,
  `CREATE USER /* a\n comment */ app2\nIDENTIFIED\nBY\n'${SECRET}'`,
  `ALTER USER app1@'%' IDENTIFIED BY '${SECRET}x'`,
  `SET PASSWORD FOR app1@'%' = ${flavor === 'mysql' ? `'${SECRET}'` : `PASSWORD('${SECRET}')`}`,
  `CREATE PROCEDURE shop.reset_it()\nBEGIN\n  SET @password = '${SECRET}';\nEND`,
  `CREATE TABLE shop.far (id INT) COMMENT='mysql://user:${SECRET}@host/d'`,
  'CREATE TABLE shop.users (id INT PRIMARY KEY, password VARCHAR(100))',
  // MariaDB annotates its rows with the statement.
  `INSERT INTO shop.users (id, password) VALUES (1, '${SECRET}')`,
  ...(flavor === 'mysql' ? [] : [`GRANT SELECT ON shop.* TO app3@'%' IDENTIFIED BY '${SECRET}'`]),
]

const HARMLESS = ['CREATE TABLE shop.plain (id INT)', "GRANT SELECT ON shop.* TO app1@'%'", 'DROP TABLE shop.plain']

test('no password of the log, and no hash of one, is in a plan, a list of transactions or a manifest', async () => {
  await using prepared = await prepare({ after: STATEMENTS.flatMap((statement, i) => [statement, ...at(HARMLESS, i)]) })
  const { manager, folder } = prepared
  const all: FoundTransaction[] = []
  for await (const transaction of manager.transactions()) all.push(transaction)
  // The rest is before the backup.
  const found = all.slice(-STATEMENTS.length - HARMLESS.length)
  const shown = found.flatMap(({ statement }) => statement ?? [])
  // Servers write some of them anew.
  expect(shown.map((statement) => statement.slice(0, 10))).toEqual(HARMLESS.map((statement) => statement.slice(0, 10)))

  const plans: RestorePlan[] = []
  for (const { before, after } of found) plans.push(await manager.plan(before), await manager.plan(after))
  const texts = [JSON.stringify(found), ...plans.flatMap((plan) => [JSON.stringify(plan), plan.toText()])]
  const manifests = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'))
  expect(manifests.length).toBeGreaterThan(3)
  for (const name of manifests) texts.push(await readFile(join(folder, name), 'utf8'))
  for (const text of texts) expect(text).not.toMatch(/Hunter|IDENTIFIED|\$A\$005|'\*[0-9A-F]{40}/)
})

test('a search by table finds a statement that is not shown when it may be about that table', async () => {
  await using prepared = await prepare({
    after: [
      'USE shop',
      'SET SESSION binlog_format = STATEMENT',
      `UPDATE shop.orders o JOIN shop.gate g ON g.passed = o.id SET o.item = CONCAT('password')`,
    ],
  })
  const found: FoundTransaction[] = []
  for await (const transaction of prepared.manager.transactions({ table: 'shop.orders' })) found.push(transaction)
  const last = found.at(-1)
  expect(last).toMatchObject({ kind: 'statement', tablesKnown: false })
  expect(last?.statement).toBeUndefined()
})

function at<Item>(items: readonly Item[], i: number): readonly Item[] {
  const item = items[i]
  return item === undefined ? [] : [item]
}
