import { expect, test } from 'vitest'
import type { RestoreOptions } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { closeGate } from './support/gate.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { checksums, run } from './support/query.ts'
import { targetState } from './support/target-state.ts'

const SHOP = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.t (id INT PRIMARY KEY, v VARCHAR(20))',
  'CREATE TABLE shop.large (id INT PRIMARY KEY, v LONGTEXT)',
]
// More than a replayer holds as a whole.
const LARGE = [1, 2, 3].map((id) => `INSERT INTO shop.large VALUES (${id}, REPEAT('x', 3000000))`)

// As the binlog programs do it: the session goes on at once. MySQL's sessions do so by default.
const DETACH = { mysql: [], mariadb: ['SET SESSION pseudo_slave_mode = ON'] }[flavor]

test('an XA transaction that was prepared during the backup has its rows when the log commits it', async () => {
  await using prepared = await prepare({
    before: [
      ...SHOP,
      ...DETACH,
      ...prepareXa('a', 1, LARGE),
      ...['b', 'c', 'd'].flatMap((name, i) => prepareXa(name, i + 2)),
      "XA COMMIT 'd'",
    ],
    after: [
      "INSERT INTO shop.t VALUES (9, 'between')",
      "XA COMMIT 'a'",
      "XA ROLLBACK 'b'",
      ...DETACH,
      ...prepareXa('e', 5),
    ],
  })
  expect(prepared.plan.image.backup.notIncluded).toEqual([])
  for (const replayer of ['mysqlbinlog', 'direct'] as const) {
    await using target = await startServer(flavor)
    expect(await restore(prepared, target, { replayer })).toMatchObject({ transactions: 4 })
    expect(await run(target, ['SELECT id FROM shop.t ORDER BY id'])).toEqual([{ id: 1 }, { id: 4 }, { id: 9 }])
    expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
    // What nobody has ended is still there to be ended.
    expect((await run(target, ['XA RECOVER'])).map(({ data }) => String(data)).toSorted()).toEqual(['c', 'e'])
    expect(await run(target, ["XA COMMIT 'c'", 'SELECT v FROM shop.t WHERE id = 3'])).toEqual([{ v: 'xa' }])
  }
})

test('an XA transaction whose rows lie in an older file is named, and its end refused before the first write', async () => {
  await using prepared = await prepare({
    before: [...SHOP, ...DETACH, ...prepareXa('old', 1), 'FLUSH BINARY LOGS'],
    after: ["INSERT INTO shop.t VALUES (9, 'between')", "XA COMMIT 'old'"],
  })
  expect(prepared.plan.toText()).toContain("XA transaction prepared before binlog.000002 (XA RECOVER) X'6f6c64',X'',1")
  await using target = await startServer(flavor)
  const before = await targetState(target)
  await expectPitrError(restore(prepared, target), {
    code: 'Unreplayable',
    subject: 'binlog.000002:',
    message: "X'6f6c64',X'',1",
  })
  expect(await targetState(target)).toEqual(before)
})

test('what an interrupted restore left prepared does not stand in the way of the same restore, run again', async () => {
  await using prepared = await prepare({
    before: [...SHOP, 'CREATE TABLE shop.gate (passed INT)'],
    after: [
      'USE shop',
      ...DETACH,
      ...prepareXa("it''s", 1),
      'SET SESSION binlog_format = STATEMENT',
      "INSERT INTO gate VALUES (GET_LOCK('gate', 120))",
      'SET SESSION binlog_format = ROW',
      "XA COMMIT 'it''s'",
      ...prepareXa("b''\\\\", 2),
    ],
  })
  await using target = await startServer(flavor)
  await using gate = await closeGate(target)
  const stop = new AbortController()
  const aborted = expectPitrError(restore(prepared, target, { signal: stop.signal }), { code: 'Aborted' })
  await gate.reached()
  stop.abort()
  await aborted
  await gate.open()
  expect(await run(target, ['XA RECOVER'])).toHaveLength(1)

  await restore(prepared, target)
  expect(await checksums(target, 'shop')).toEqual(await checksums(prepared.source, 'shop'))
  expect((await run(target, ['XA RECOVER'])).map(({ data }) => String(data))).toEqual(["b'\\"])
})

test('a target that holds a prepared XA transaction of its own is refused before the first write', async () => {
  await using prepared = await prepare({ before: SHOP, after: ["INSERT INTO shop.t VALUES (9, 'x')"] })
  await using target = await startServer(flavor)
  await run(target, ['SET SESSION sql_log_bin = 0', ...DETACH, "XA START 'own'", "XA END 'own'", "XA PREPARE 'own'"])
  await expect.poll(async () => run(target, ['XA RECOVER'])).toHaveLength(1)
  const before = await targetState(target)
  await expectPitrError(restore(prepared, target), { code: 'TargetNotEmpty', subject: "XA X'6f776e',X'',1" })
  expect(await targetState(target)).toEqual(before)
})

function prepareXa(name: string, id: number, more: readonly string[] = []): readonly string[] {
  const changes = [`INSERT INTO shop.t VALUES (${id}, 'xa')`, ...more]
  return [`XA START '${name}'`, ...changes, `XA END '${name}'`, `XA PREPARE '${name}'`]
}

async function restore(
  { manager, plan }: Prepared,
  target: TestServer,
  options: Pick<RestoreOptions, 'replayer' | 'signal'> = {},
): Promise<unknown> {
  await using server = await connect(target)
  return await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', ...options })
}
