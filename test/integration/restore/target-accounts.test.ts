import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { releaseTarget } from '../../../src/index.ts'
import type { OperationOptions } from '../../../src/options.ts'
import type { IsolationEnd } from '../../../src/restore/finish.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { canConnect } from './support/can-connect.ts'
import { closeGate } from './support/gate.ts'
import { prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'
import { run } from './support/query.ts'

// Who is locked on a restored target: as the backup, the log and the owner of the target say, never as its isolation did.

const PASSWORD = 'Own-1-secret'
/** Not on the source: the backup would replace it. */
const RESTORER = { user: 'restorer', password: PASSWORD }
/** With which the client programs come. */
const PROGRAMS = { user: 'programs', password: PASSWORD }

const BACKUP = [
  user('kept_locked', 'ACCOUNT LOCK'),
  user('locked'),
  user('unlocked', 'ACCOUNT LOCK'),
  user('mover'),
  user('dropped'),
]

const LOG = [
  user('born_locked', 'ACCOUNT LOCK'),
  user('born'),
  "ALTER USER locked@'%' ACCOUNT LOCK",
  "ALTER USER unlocked@'%' ACCOUNT UNLOCK",
  "RENAME USER mover@'%' TO moved@'%'",
  "DROP USER dropped@'%'",
  'USE shop',
  'SET SESSION binlog_format = STATEMENT',
  "INSERT INTO gate VALUES (GET_LOCK('gate', 120))",
  'SET SESSION binlog_format = ROW',
  user('last'),
]

/** What the target had before: some of it is as in the backup, or was. */
const OWN = [
  user('kept_locked'),
  user('locked'),
  user('unlocked', 'ACCOUNT LOCK'),
  user('mover'),
  "GRANT SELECT ON *.* TO mover@'%'",
  user('dropped'),
  user('own'),
  user('own_locked', 'ACCOUNT LOCK'),
]

/** Who is let in at the end. */
const OPEN = {
  kept_locked: false,
  locked: false,
  unlocked: true,
  mover: false,
  moved: true,
  dropped: false,
  born_locked: false,
  born: true,
  last: true,
  own: true,
  own_locked: false,
}
const CLOSED = Object.fromEntries(Object.keys(OPEN).map((name) => [name, false]))

describe('the locks of the accounts of a restored target', () => {
  let prepared: Prepared
  beforeAll(async () => {
    prepared = await prepare({
      before: ['CREATE DATABASE shop', 'CREATE TABLE shop.gate (passed INT)', ...BACKUP],
      after: LOG,
    })
  })
  afterAll(async () => prepared?.[Symbol.asyncDispose]())

  test('are those of the backup, the log and its owner', async () => {
    await using target = await startTarget()
    await restore(target)
    expect(await open(target)).toEqual(OPEN)
  })

  test('are those when a target that was kept isolated is released, and nobody is let in before', async () => {
    await using target = await startTarget()
    await restore(target, { isolation: 'keep' })
    expect(await open(target)).toEqual(CLOSED)
    await using server = await connect(target)
    await releaseTarget(server)
    expect(await open(target)).toEqual(OPEN)
  })

  test('are those when the restore was stopped behind them and run again', async () => {
    await using target = await startTarget()
    await using gate = await closeGate(target)
    const stop = new AbortController()
    const aborted = expectPitrError(restore(target, { signal: stop.signal }), { code: 'Aborted' })
    await gate.reached()
    stop.abort()
    await aborted
    expect(await open(target)).toEqual(CLOSED)
    await gate.open()

    await restore(target)
    expect(await open(target)).toEqual(OPEN)
  })

  test('are those when the log changed accounts of the target, and the restore was stopped behind that and run again', async () => {
    await using target = await startTarget()
    await using gate = await closeGate(target)
    const stop = new AbortController()
    const aborted = expectPitrError(restore(target, { accounts: 'none', signal: stop.signal }), { code: 'Aborted' })
    await gate.reached()
    stop.abort()
    await aborted
    await gate.open()

    // What the log renames and drops must be there again.
    await restore(target, { accounts: 'none', isolation: 'keep' })
    const marker = await run(target, ['SELECT state FROM mysql_pitr.restore_marker'])
    expect(String(marker[0]?.['state'])).not.toMatch(/IDENTIFIED/)
    await using server = await connect(target)
    await releaseTarget(server)
    expect(await open(target)).toEqual({ ...OPEN, kept_locked: true })
    const grants = await run(target, ["SHOW GRANTS FOR moved@'%'"])
    expect(grants.map((row) => String(Object.values(row)[0]))).toEqual([
      expect.stringMatching(/^GRANT SELECT ON \*\.\* /),
    ])
  })

  async function restore(
    target: TestServer,
    options: OperationOptions & { readonly accounts?: 'none'; readonly isolation?: IsolationEnd } = {},
  ): Promise<void> {
    await using server = await connect(target)
    const tools = { ...server.tools, connection: { ...server.tools.connection, ...PROGRAMS } }
    await prepared.manager.restore(prepared.plan, {
      into: { kind: 'server', server: { ...server, tools } },
      ...options,
    })
  }
})

async function startTarget(): Promise<TestServer> {
  const target = await startServer(flavor)
  const own = [RESTORER, PROGRAMS].flatMap(({ user: name }) => [
    user(name),
    `GRANT ALL ON *.* TO ${name}@'%' WITH GRANT OPTION`,
  ])
  // The root of the backup has the right to act for others.
  const proxyRight = [
    `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor)
     VALUES ('%', '${RESTORER.user}', '', '', 1, '')`,
    'FLUSH PRIVILEGES',
  ]
  await run(target, ['SET SESSION sql_log_bin = 0', ...own, ...proxyRight, ...OWN])
  return { ...target, connection: { ...target.connection, ...RESTORER } }
}

function user(name: string, more = ''): string {
  return `CREATE USER ${name}@'%' IDENTIFIED BY '${PASSWORD}' ${more}`
}

async function open(target: TestServer): Promise<unknown> {
  const entries = Object.keys(OPEN).map(async (name) => [
    name,
    await canConnect(target, { user: name, password: PASSWORD }),
  ])
  return Object.fromEntries(await Promise.all(entries))
}
