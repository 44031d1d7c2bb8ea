import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { connectServer, localHost, mysqldump } from '../../../src/index.ts'
import type { Host } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { expectNothingDone, open, prepare } from './support/prepared.ts'
import type { Prepared } from './support/prepared.ts'

const SECRET = 'Wrong-secret-31415926'

let prepared: Prepared
beforeAll(async () => {
  prepared = await prepare()
  return async () => await prepared[Symbol.asyncDispose]()
})

describe('a server that cannot be reached', () => {
  test('a wrong password: AccessDenied names account and address', async () => {
    const { connection } = prepared.source
    await expectPitrError(connectServer({ connection: { ...connection, password: SECRET } }), {
      code: 'AccessDenied',
      subject: `${connection.user}@127.0.0.1:${connection.port}`,
      secrets: [SECRET, connection.password],
    })
  })

  test('a password that expired between two operations: AccessDenied, and nothing archived', async () => {
    const { source, folder } = prepared
    const passwords = [source.connection.password]
    await using server = await connectServer({
      connection: { ...source.connection, password: () => passwords.shift() ?? SECRET },
    })
    const manager = await open(folder)
    await expectNothingDone(prepared, async () => await manager.archive(server), { code: 'AccessDenied' })
  })

  test('a port nobody listens on: ConnectionFailed names the address', async () => {
    const port = await closedPort()
    await expectPitrError(connectServer({ connection: { ...prepared.source.connection, port } }), {
      code: 'ConnectionFailed',
      subject: `:${port}`,
      secrets: [prepared.source.connection.password],
    })
  })

  test('a port that takes connections and never answers: ConnectionFailed, in the time that was given', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    try {
      await expectPitrError(
        connectServer({ connection: { ...prepared.source.connection, port, connectTimeout: 300 } }),
        { code: 'ConnectionFailed', subject: `:${port}`, secrets: [prepared.source.connection.password] },
      )
    } finally {
      silent.close()
    }
  })
})

describe('client programs', () => {
  const nowhere: Host = { ...localHost(), findProgram: async () => await Promise.resolve(undefined) }

  test('no dump program: MissingProgram names it', async () => {
    const manager = await open(prepared.folder)
    await using server = await connect(prepared.source, { host: nowhere })
    await expectNothingDone(prepared, async () => await manager.backup(server, { method: mysqldump() }), {
      code: 'MissingProgram',
      subject: flavor === 'mysql' ? 'mysqldump' : 'mariadb-dump',
    })
  })

  test('no programs to restore with: MissingProgram, before the target is touched', async () => {
    const manager = await open(prepared.folder)
    await using server = await connect(prepared.target, { host: nowhere })
    const plan = await manager.plan({ kind: 'latest' })
    await expectNothingDone(
      prepared,
      async () => await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none' }),
      { code: 'MissingProgram', subject: /mysql|mariadb/ },
    )
  })

  test.each(['direct', 'mysqlbinlog'] as const)(
    'no client to load the backup with, for the replayer %s: MissingProgram, before the target is touched',
    async (replayer) => {
      const manager = await open(prepared.folder)
      await using own = await connect(prepared.target)
      const { host } = own.tools
      const findProgram: Host['findProgram'] = async (names) =>
        names.some((name) => /^(?:mysql|mariadb)$/.test(name)) ? undefined : await host.findProgram(names)
      await using server = await connect(prepared.target, { host: { ...host, findProgram } })
      const plan = await manager.plan({ kind: 'latest' })
      await expectNothingDone(
        prepared,
        async () => await manager.restore(plan, { into: { kind: 'server', server }, accounts: 'none', replayer }),
        { code: 'MissingProgram', subject: /^(?:mysql|mariadb)\b/ },
      )
    },
  )

  test('archiving needs none of them', async () => {
    const { manager } = await prepared.copy()
    await using server = await connect(prepared.source, { host: nowhere })
    const { coveredUntil } = await manager.archive(server)
    expect((await manager.window()).latest?.compare(coveredUntil)).toBeLessThanOrEqual(0)
  })
})

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
