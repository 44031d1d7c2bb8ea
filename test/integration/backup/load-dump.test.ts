import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'

import type { RowDataPacket } from 'mysql2/promise'
import { expect, test } from 'vitest'

import type { BackupImage } from '../../../src/image/backup-image.ts'
import { mysqldump } from '../../../src/backup/mysqldump.ts'
import { Timestamp } from '../../../src/index.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { open, take } from './support/harness.ts'
import type { Opened } from './support/harness.ts'
import { partOf } from './support/part-store.ts'

const TRACE = '/tmp/mysql-pitr-hostile-dump'

const HOSTILE = [
  `\\! touch ${TRACE}`,
  `SELECT 1; \\! touch ${TRACE}`,
  `system touch ${TRACE}`,
  `\nsystem touch ${TRACE};\n`,
  `source ${TRACE}.sql`,
  `\\. ${TRACE}.sql`,
  `tee ${TRACE}`,
  `\\T ${TRACE}`,
  `pager touch ${TRACE}`,
  `delimiter ;;\nsystem touch ${TRACE};;\n`,
  `DELIMITER ;;\n\\! touch ${TRACE}\n;;\nDELIMITER ;\n`,
  `CREATE TABLE d.l (a TEXT); LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE d.l;`,
]

test('no command of the client in a dump is run, and the load fails', async () => {
  await using target = await open()
  await rm(TRACE, { force: true })
  for (const command of HOSTILE) {
    await target.admin.query('DROP DATABASE IF EXISTS d; CREATE DATABASE d')
    await expect(loadText(target, `SELECT 1;\n${command}\n`)).rejects.toMatchObject({ code: 'LoadFailed' })
    expect({ command, wasRun: existsSync(TRACE) }).toEqual({ command, wasRun: false })
  }
})

test('a dump that is not complete in itself is not taken for loaded', async () => {
  await using target = await open()
  for (const end of [
    "SELECT 'open",
    'SELECT 1 /* open',
    'SELECT `open',
    'DELIMITER ;;\nSELECT 1',
    'CREATE DATABASE d1; SELECT',
  ]) {
    await expect(loadText(target, end)).rejects.toMatchObject({ code: 'LoadFailed' })
  }
})

test('a dump that switches the binary log of its session on is not taken for loaded', async () => {
  await using target = await open()
  await expect(loadText(target, 'SET SESSION sql_log_bin = 1;')).rejects.toMatchObject({
    code: 'LoadFailed',
    message: expect.stringContaining('binary log'),
  })
})

test('the error of the target is passed on with the place in the dump', async () => {
  await using target = await open()
  await expect(loadText(target, 'SELECT 1;\n\nCREATE TABLE nosuch.t (i INT);\n')).rejects.toMatchObject({
    code: 'LoadFailed',
    message: expect.stringMatching(/Unknown database 'nosuch'/),
  })
})

test('what the target or the client quotes of a dump shows no password', async () => {
  await using target = await open()
  await target.admin.query("SET GLOBAL lc_messages = 'de_DE'")
  const secret = 'Hunter-22-secret'
  for (const statement of [
    // Without a word that tells.
    `CREATE USERR app '${secret}';`,
    `CREATE USER app IDENTIFIED BYY '${secret}';`,
    `CREATE USER app\nIDENTIFIED BY\n'${secret}' NONSENSE;`,
    `SET PASSWORD FOR nobody@nowhere = '${secret}';`,
    `SET @x = 1; GRANT ALL ON *.* TO app IDENTIFIED BY '${secret}' NONSENSE '`,
    `CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u' PASSWORD '${secret}');`,
  ]) {
    const error = await expectPitrError(loadText(target, `SELECT 1;\n${statement}\n`), {
      code: 'LoadFailed',
      secrets: [secret],
    })
    // Why and where stay known, in English.
    expect(error.message).not.toMatch(/Fehler|Zeile/)
    expect(error.message).toMatch(/ERROR \d+ \(\w{5}\) at line \d+:|was not answered/)
  }
})

test('what the target or the client quotes of a dump shows no rows', async () => {
  await using target = await open()
  const rows = "INSERT INTO d.t VALUES ('guarded'), ('guarded');"
  const dump = `CREATE DATABASE d;\nCREATE TABLE d.t (word VARCHAR(20) PRIMARY KEY);\n${rows}\n`
  const error = await expectPitrError(loadText(target, dump), { code: 'LoadFailed', secrets: ["'guarded'"] })
  expect(error.message).toMatch(/ERROR 1062 \(23000\) at line \d+: .*PRIMARY'/)
})

test.skipIf(flavor === 'mysql')('a limit of the target for statements is none for those of a dump', async () => {
  await using target = await open()
  await target.admin.query('SET GLOBAL max_statement_time = 5')
  await loadText(target, 'CREATE DATABASE d;\nCREATE TABLE d.seen AS SELECT @@SESSION.max_statement_time AS seconds;\n')
  const [rows] = await target.admin.query<RowDataPacket[]>('SELECT seconds + 0e0 AS seconds FROM d.seen')
  expect(rows).toEqual([{ seconds: 0 }])
})

test('an error of the reader is the error of the load', async () => {
  await using target = await open()
  const backup = imageOf('')
  const load = mysqldump().load({
    server: target.server,
    backup,
    startTime: Timestamp.parse('2026-01-01T00:00:00Z'),
    accounts: 'none',
    async *readPart() {
      yield await Promise.resolve(Buffer.from('CREATE DATABASE half;\nCREATE DATABASE other'))
      throw new Error('checksum')
    },
  })
  await expect(load).rejects.toThrow('checksum')
  // The statement that came in part was not run.
  const [rows] = await target.admin.query<RowDataPacket[]>("SHOW DATABASES LIKE 'other'")
  expect(rows).toEqual([])
})

test('a connection lost in the middle fails the load', async () => {
  await using target = await open()
  const load = loadText(target, 'KILL CONNECTION_ID();\nSELECT 1;\n')
  await expect(load).rejects.toMatchObject({ code: 'LoadFailed' })
})

test('accounts come back with their grants, roles, locks and passwords; the account of the restore is refused', async () => {
  await using source = await open()
  await using target = await open()
  await source.admin.query(`CREATE DATABASE d; CREATE TABLE d.t (i INT, j INT); CREATE PROCEDURE d.p() SELECT 1;
    CREATE ROLE reader; GRANT SELECT ON d.* TO reader;
    CREATE USER 'app'@'%' IDENTIFIED BY 'App-secret-1'; GRANT SELECT (i), UPDATE ON d.t TO 'app'@'%'; GRANT EXECUTE ON PROCEDURE d.p TO 'app'@'%';
    GRANT reader TO 'app'@'%';
    CREATE USER 'o''dd n@me'@'10.0.0.0/255.0.0.0' IDENTIFIED BY 'Odd-secret-1' ACCOUNT LOCK;
    CREATE DEFINER='app'@'%' VIEW d.v AS SELECT i FROM d.t`)
  const { taken, store } = await take(source.server)
  const context = { server: target.server, ...taken, readPart: store.readPart }
  await target.admin.query("CREATE USER 'app'@'%' IDENTIFIED BY 'Other-1'; GRANT ALL ON *.* TO 'app'@'%'")

  // Both servers have the administrator the test connects with.
  await expect(mysqldump().load({ ...context, accounts: 'all' })).rejects.toMatchObject({ code: 'AccountCollision' })
  expect(await databases(target)).toEqual([])

  const admin = "'pitr_admin'"
  const others = JSON.parse(store.parts.get('accounts')?.toString() ?? '') as { accounts: { account: string }[] }
  expect(JSON.stringify(others)).not.toContain('App-secret-1')
  others.accounts = others.accounts.filter(({ account }) => !account.startsWith(admin))
  store.parts.set('accounts', Buffer.from(JSON.stringify(others)))
  const before = await executed(target)
  await mysqldump().load({ ...context, accounts: 'all' })

  expect(await executed(target)).toEqual(before)
  for (const account of ["'app'@'%'", "'o''dd n@me'@'10.0.0.0/255.0.0.0'"]) {
    expect(await describeAccount(target, account)).toEqual(await describeAccount(source, account))
  }
  expect(await databases(target)).toEqual(['d'])
})

async function loadText(target: Opened, text: string): Promise<void> {
  await mysqldump().load({
    server: target.server,
    backup: imageOf(text),
    startTime: Timestamp.parse('2026-01-01T00:00:00Z'),
    accounts: 'none',
    async *readPart() {
      yield await Promise.resolve(Buffer.from(text))
    },
  })
}

function imageOf(text: string): BackupImage {
  return {
    method: 'mysqldump',
    tool: { program: 'mysqldump', version: '0' },
    server: { flavor, version: '0', serverId: 1, settings: {}, systemTimeZone: '+00:00' },
    scope: 'all',
    needs: { engines: [], timeZones: [] },
    notIncluded: [],
    parts: [partOf('data', Buffer.from(text))],
    bytes: text.length,
  }
}

async function databases({ server }: Opened): Promise<readonly string[]> {
  return server.withSession(async (session) => server.dialect.databases(session))
}

async function describeAccount({ server }: Opened, account: string): Promise<unknown> {
  const found = await server.withSession(async (session) => server.dialect.accounts(session))
  return found.filter((definition) => definition.account === account)
}

async function executed({ server }: Opened): Promise<unknown> {
  return server.withSession(async (session) => ({
    gtids: await server.dialect.executedGtids(session),
    end: await server.dialect.binlogEnd(session),
  }))
}
