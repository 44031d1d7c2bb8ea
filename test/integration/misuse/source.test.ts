import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mysqldump } from '../../../src/index.ts'
import type { ErrorCode, Server } from '../../../src/index.ts'
import { connect } from '../../support/connect.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import { create } from './support/prepared.ts'
import { folderState, serverState } from './support/states.ts'

interface BadSource {
  readonly options?: readonly string[]
  readonly sql?: readonly string[]
  readonly code: ErrorCode
  readonly subject: string | RegExp
}

const BAD_SOURCES: Readonly<Record<string, BadSource>> = {
  'a server without binary log': { options: ['--log-bin=OFF'], code: 'BinlogDisabled', subject: 'log_bin' },
  'a server that logs statements': {
    options: ['--binlog-format=STATEMENT'],
    code: 'UnsafeBinlogFormat',
    subject: 'binlog_format=STATEMENT',
  },
  'a server that leaves a database out of its log': {
    options: ['--binlog-ignore-db=private'],
    code: 'UnsafeSetting',
    subject: 'binlog_ignore_db=private',
  },
  // Its connection is listed before it is started, and when it was stopped.
  'a replica that does not log what it applies': {
    options: [flavor === 'mysql' ? '--log-replica-updates=OFF' : '--log-slave-updates=OFF'],
    sql: [
      {
        mysql: "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=1",
        mariadb: "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1",
      }[flavor],
    ],
    code: 'UnsafeSetting',
    subject: { mysql: 'log_replica_updates=OFF', mariadb: 'log_slave_updates=OFF' }[flavor],
  },
  ...(flavor === 'mariadb'
    ? {
        'a server that logs updates in part': {
          options: ['--binlog-row-image=MINIMAL'],
          code: 'UnsafeSetting',
          subject: 'binlog_row_image=MINIMAL',
        },
      }
    : {}),
  'a table without transactions': {
    sql: ['CREATE TABLE shop.legacy (id INT PRIMARY KEY) ENGINE=MyISAM'],
    code: 'NonTransactionalTable',
    subject: 'shop.legacy',
  },
}

describe('a source that cannot be recovered exactly is refused before a byte is stored', () => {
  test.each(Object.entries(BAD_SOURCES))('%s', async (_, { options, sql = [], code, subject }) => {
    await using source = await startServer(flavor, { options })
    const client = await createConnection({ ...source.connection })
    await makeShop(client, sql)
    await withArchive(async (folder) => {
      const manager = await create(folder)
      const before = await Promise.all([folderState(folder), serverState(source)])
      await using server = await connect(source)
      await expectPitrError(async () => await manager.backup(server, { method: mysqldump() }), {
        code,
        subject,
        secrets: [source.connection.password],
      })
      expect(await Promise.all([folderState(folder), serverState(source)])).toEqual(before)
    })
    client.destroy()
  })

  test('a database that does not exist', async () => {
    await using source = await startServer(flavor)
    await using server: Server = await connect(source)
    await withArchive(async (folder) => {
      const manager = await create(folder)
      const before = await folderState(folder)
      await expectPitrError(async () => await manager.backup(server, { method: mysqldump({ databases: ['shpo'] }) }), {
        code: 'InvalidArgument',
        subject: 'shpo',
      })
      expect(await folderState(folder)).toEqual(before)
    })
  })
})

async function makeShop(client: Connection, sql: readonly string[]): Promise<void> {
  for (const statement of ['CREATE DATABASE shop', ...sql]) await client.query(statement)
}

async function withArchive(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-misuse-'))
  try {
    await use(join(folder, 'archive'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
