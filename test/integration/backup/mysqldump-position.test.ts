import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { createConnection } from 'mysql2/promise'
import type { RowDataPacket } from 'mysql2/promise'
import { expect, test } from 'vitest'

import { Archive } from '../../../src/archive/archive.ts'
import { requireStableTables } from '../../../src/backup/require-stable-tables.ts'
import { directoryStorage } from '../../../src/index.ts'
import { clientProgram } from '../../../src/server/client-programs.ts'
import { withOptionFile } from '../../../src/server/option-file.ts'
import { connectTo, load, open, take, withDumpScript } from './support/harness.ts'
import type { Opened } from './support/harness.ts'
import type { Session } from '../../../src/server/session.ts'
import { prepare } from '../restore/support/prepared.ts'

// Slower at the end, so that there is time for what a test does while the dump runs.
const SLOW_DUMP = '"$REAL" "$@" | { head -c 4096; sleep 4; cat; }'

test('under concurrent writers the dump is exactly what the log holds before its position', async () => {
  await using source = await open()
  await using target = await open()
  await source.admin
    .query(`CREATE DATABASE d; CREATE TABLE d.ledger (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, pad CHAR(200));
    CREATE TABLE d.aa (id INT PRIMARY KEY, n INT); INSERT INTO d.aa VALUES (1, 0)`)
  const writing = new AbortController()
  const writers = [1, 2, 3, 4].map(async () => {
    const connection = await createConnection(source.test.connection)
    while (!writing.signal.aborted) {
      await connection.query('START TRANSACTION')
      await connection.query("INSERT INTO d.ledger (pad) VALUES ('LEDGER')")
      await connection.query('UPDATE d.aa SET n = n + 1')
      await connection.query('COMMIT')
    }
    await connection.end()
  })
  await sleep(1000)
  const backup = await take(source.server)
  await sleep(300)
  writing.abort()
  await Promise.all(writers)

  await load(target.server, backup)
  const [[loaded]] = await target.admin.query<RowDataPacket[]>(
    'SELECT (SELECT COUNT(*) FROM d.ledger) AS rows_, (SELECT n FROM d.aa) AS n',
  )
  // All but the one that made the counter.
  const { file, offset } = backup.taken.position
  const before = (await commitsBefore(source, file, offset)) - 1
  expect(before).toBeGreaterThan(50)
  expect(loaded).toEqual({ rows_: before, n: before })
})

test('the start time is the server clock, not before the position', async () => {
  await using source = await open()
  const [[before]] = await source.admin.query<RowDataPacket[]>('SELECT UNIX_TIMESTAMP(NOW(6)) * 1000000 AS us')
  const { taken } = await take(source.server)
  const [[after]] = await source.admin.query<RowDataPacket[]>('SELECT UNIX_TIMESTAMP(NOW(6)) * 1000000 AS us')
  expect(taken.startTime.epochMicroseconds).toBeGreaterThanOrEqual(Math.floor(Number(before?.['us'])))
  expect(taken.startTime.epochMicroseconds).toBeLessThanOrEqual(Number(after?.['us']))
})

test('names and comments that look like a position do not move it', async () => {
  await using source = await open()
  const forged = "x\nCHANGE MASTER TO MASTER_LOG_FILE='b.000001', MASTER_LOG_POS=4;"
  await source.admin.query(`CREATE DATABASE \`${forged}\``)
  const end = await source.server.withSession(async (session) => source.server.dialect.binlogEnd(session))
  const { taken, store } = await take(source.server, { databases: [forged] })
  expect(store.data).toContain("MASTER_LOG_FILE='b.000001', MASTER_LOG_POS=4;")
  expect(taken.position).toEqual(end.position)
})

test('DDL waits while the dump streams, also what was waiting is done afterwards', async () => {
  await using source = await open()
  await fill(source)
  await withDumpScript(source.test, SLOW_DUMP, async (server) => {
    const taking = take(server)
    await sleep(2500)
    const before = Date.now()
    const ddl = source.admin.query('ALTER TABLE d.t ADD COLUMN late INT').then(() => Date.now())
    const { taken, store, warnings } = await taking
    const dumped = Date.now()
    expect(await ddl).toBeGreaterThan(before + 500)
    expect(await ddl).toBeGreaterThan(dumped - 1000)
    expect(store.data).not.toContain('`late`')
    expect(warnings).toEqual([])
    // Nothing was written in that time.
    expect(taken.ddlSensitive).toMatchObject({ databases: ['d'], end: taken.position })
  })
})

test('the log is searched for DDL up to the end of the dump, also when the lock against DDL is lost on the way', async () => {
  await using source = await open()
  await fill(source)
  await withDumpScript(source.test, SLOW_DUMP, async (server) => {
    const blocked = Promise.withResolvers<number>()
    const blockDdl = async (session: Session): Promise<void> => {
      await server.dialect.blockDdl(session)
      blocked.resolve(session.id)
    }
    const taking = take({ ...server, dialect: { ...server.dialect, blockDdl } }).catch(
      (error: unknown) => error as Error,
    )
    await source.admin.query(`KILL ${await blocked.promise}`)
    await source.admin.query('CREATE TABLE d.late (i INT)')
    const end = await source.server.withSession(async (session) => source.server.dialect.binlogEnd(session))
    const backup = await taking
    if (backup instanceof Error) throw backup
    expect(backup.taken.ddlSensitive).toEqual({ databases: ['d'], end: end.position })
  })
})

test('a table that was made with rows while the backup was taken is DDL too', async () => {
  await using prepared = await prepare({
    before: [
      'CREATE DATABASE d',
      'CREATE DATABASE other',
      'CREATE TABLE d.t (i INT PRIMARY KEY)',
      'INSERT INTO d.t VALUES (1)',
    ],
    after: ['INSERT INTO d.t VALUES (2)', 'CREATE TABLE other.made AS SELECT * FROM d.t'],
  })
  const archive = await Archive.open(directoryStorage(prepared.folder))
  const { segments, images } = await archive.readFacts((await archive.timeline()).id)
  const { file, to } = segments.at(-1)!
  const stable = async (database: string) => {
    const ddlSensitive = { databases: [database], end: { file, offset: to } }
    await requireStableTables(archive, segments, { ...images[0]!, ddlSensitive }, {})
  }
  await expect(stable('other')).rejects.toMatchObject({ code: 'DdlDuringBackup', subject: 'other.made' })
  await stable('d')
})

test('a backup does not hang when DDL is waiting for a lock while it starts', async () => {
  await using source = await open()
  await fill(source)
  await using holder = await source.server.openSession()
  await holder.run(['START TRANSACTION', 'SELECT * FROM d.t LIMIT 1'])
  const ddl = source.admin.query('SET SESSION lock_wait_timeout = 8; ALTER TABLE d.t ADD COLUMN late INT').catch(String)
  await sleep(500)
  const release = sleep(2000).then(async () => holder.query('ROLLBACK'))
  const { taken } = await take(source.server)
  await release
  expect(await ddl).toBeDefined()
  expect(taken.position.offset).toBeGreaterThan(4)
})

test('a database or an account that appears while the backup begins fails it', async () => {
  await using source = await open()
  await fill(source)
  for (const change of ['CREATE DATABASE sudden', "CREATE USER sudden@'%'"]) {
    await withDumpScript(source.test, 'sleep 2; "$REAL" "$@"', async (server) => {
      const taking = take(server).catch((error: unknown) => error)
      await sleep(1000)
      await source.admin.query(change)
      expect(await taking).toMatchObject({ code: 'DdlDuringBackup' })
    })
  }
})

test('without the privilege to block DDL the backup is taken, with a warning', async () => {
  await using source = await open()
  await fill(source)
  const blocking = source.server.flavor === 'mysql' ? 'BACKUP_ADMIN' : 'RELOAD'
  await source.admin.query(`CREATE USER lesser@'%' IDENTIFIED BY 'Lesser-1'; GRANT ALL ON *.* TO lesser@'%';
    REVOKE ${blocking} ON *.* FROM lesser@'%'`)
  const server = await connectTo(source.test, { user: 'lesser', password: 'Lesser-1' })
  const { taken, warnings } = await take(server)
  expect(warnings.join()).toMatch(/DDL is not blocked/)
  expect(taken.ddlSensitive?.databases).toEqual(['d'])
})

test('a table without transactions is refused by name, and read under the lock of all tables', async () => {
  await using source = await open()
  await using target = await open()
  await fill(source)
  await source.admin.query('CREATE TABLE d.m (i INT) ENGINE=MyISAM; INSERT INTO d.m VALUES (1),(2)')
  await expect(take(source.server)).rejects.toMatchObject({
    code: 'NonTransactionalTable',
    details: { tables: ['d.m (MyISAM)'] },
  })

  await withDumpScript(source.test, SLOW_DUMP, async (server) => {
    const taking = take(server, { consistency: 'lock' })
    await sleep(2000)
    const write = source.admin.query('INSERT INTO d.m VALUES (3)').then(() => Date.now())
    const backup = await taking
    const end = Date.now()
    expect(await write).toBeGreaterThan(end - 1000)
    expect(backup.taken.ddlSensitive).toBeUndefined()
    await load(target.server, backup)
  })
  const [rows] = await target.admin.query('SELECT COUNT(*) AS n FROM d.m')
  expect(rows).toEqual([{ n: 2 }])
})

// Enough that the dump program cannot write it all before the script reads on.
async function fill({ admin }: Opened): Promise<void> {
  await admin.query('CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, pad LONGBLOB)')
  for (let i = 0; i < 8; i++) await admin.query("INSERT INTO d.t VALUES (?, REPEAT('x', 500000))", [i])
}

// Transactions in mysqlbinlog's text; MySQL writes the number of one (Xid) into the lines of DDL as well.
async function commitsBefore({ server }: Opened, file: string, offset: number): Promise<number> {
  const program = await clientProgram(server, 'binlog')
  return withOptionFile(server, async (args) => {
    const range = [`--stop-position=${offset}`, '--base64-output=DECODE-ROWS', '--read-from-remote-server']
    await using running = await server.tools.host.run(program.path, [...args, ...range, file])
    let commits = 0
    for await (const line of createInterface({ input: running.stdout }))
      if (/CRC32 0x\w+\s+Xid = /.test(line)) commits++
    expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' })
    return commits
  })
}
