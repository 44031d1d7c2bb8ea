import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { localHost } from '../../../src/host/local-host.ts'
import type { Server } from '../../../src/server/server.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'
import { flavor } from '../../support/flavor.ts'
import { connectTo, DUMP_PROGRAM, load, open, take, withDumpScript } from './support/harness.ts'
import { PartStore } from './support/part-store.ts'

const FAILING_PROGRAMS = [
  {
    what: 'cuts the dump and ends well',
    script: '"$REAL" "$@" | { head -c 5000; cat > /dev/null; }',
    code: 'DumpIncomplete',
  },
  { what: 'leaves the last line out', script: '"$REAL" "$@" | sed "/^-- Dump completed/d"', code: 'DumpIncomplete' },
  { what: 'writes behind its footer', script: '"$REAL" "$@"; echo "-- more"', code: 'DumpIncomplete' },
  { what: 'writes nothing at all', script: 'exit 0', code: 'DumpIncomplete' },
  { what: 'knows no position', script: '"$REAL" "$@" | sed "/^-- CHANGE /d"', code: 'DumpIncomplete' },
  {
    what: 'is killed in the middle',
    script: '"$REAL" "$@" | { head -c 5000; cat > /dev/null; }; kill -9 $$',
    code: 'ProgramFailed',
  },
  { what: 'ends with a status', script: '"$REAL" "$@"; exit 3', code: 'ProgramFailed', says: 'exit status 3' },
  {
    what: 'warns of something',
    script: '"$REAL" "$@"; echo "skipped a view" >&2',
    code: 'ProgramFailed',
    says: 'skipped a view',
  },
  { what: 'meets an error', script: '"$REAL" "$@" --where=nosuch=1', code: 'ProgramFailed', says: 'nosuch' },
]

test('a dump program that fails in any way fails the backup, and nothing is stored', async () => {
  await using source = await open()
  await source.admin.query(
    "CREATE DATABASE d; CREATE TABLE d.t (b LONGBLOB); INSERT INTO d.t VALUES (REPEAT('x', 100000))",
  )
  for (const { what, script, code, says = '' } of FAILING_PROGRAMS) {
    await withDumpScript(source.test, script, async (server) => {
      const store = new PartStore()
      const failure: unknown = await take(server, {}, store).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect({ what, failure }).toMatchObject({ what, failure: { code } })
      expect(String(failure)).toContain(says)
      expect([...store.parts.keys()]).toEqual([])
    })
  }
  // And the lock of DDL is gone.
  await source.admin.query('ALTER TABLE d.t ADD COLUMN c INT')
})

test('a password in what a dump program says is in no error, whatever its message is taken for', async () => {
  await using source = await open()
  await source.admin.query('CREATE DATABASE d; CREATE TABLE d.orders (i INT)')
  const secret = 'Hunter-22-secret'
  const statement = `CREATE USER a\\nIDENTIFIED BY\\n'${secret}`
  for (const [code, said] of [
    ['ProgramFailed', statement],
    ['ProgramFailed', `dump: Couldn't execute '${statement}'`],
    ['DdlDuringBackup', `dump: Error 1412: gone when dumping table \`orders\` at row: 1\\n${statement}`],
    ['DdlDuringBackup', `dump: Error in field count for table: \`orders\` !  Aborting.\\n${statement}`],
  ] as const) {
    const script = `"$REAL" "$@"; printf "${said.replaceAll('`', '\\`')}" >&2`
    await withDumpScript(source.test, script, async (server) => {
      await expectPitrError(take(server), { code, secrets: [secret] })
    })
  }
})

test('a missing dump program is reported by name', async () => {
  await using source = await open()
  const server = await connectTo(
    source.test,
    {},
    { ...localHost(), findProgram: async () => await Promise.resolve(undefined) },
  )
  await expect(take(server)).rejects.toMatchObject({ code: 'MissingProgram' })
})

test('an aborted backup ends its program, stores nothing and gives DDL free', async () => {
  await using source = await open()
  await source.admin.query(
    "CREATE DATABASE d; CREATE TABLE d.t (b LONGBLOB); INSERT INTO d.t VALUES (REPEAT('x', 1000000))",
  )
  await withDumpScript(
    source.test,
    '"$REAL" "$@" | { head -c 4096; cat > /dev/null; }; exec sleep 600',
    async (server) => {
      const store = new PartStore()
      const abort = new AbortController()
      const failure = take(server, { signal: abort.signal }, store).catch((error: unknown) => error)
      await sleep(1500)
      abort.abort()
      expect(await failure).toMatchObject({ code: 'Aborted' })
      expect([...store.parts.keys()]).toEqual([])
    },
  )
  await source.admin.query('ALTER TABLE d.t ADD COLUMN c INT')
  await expect(take(source.server, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' })
})

test('odd passwords work, and none stands on a command line', async () => {
  await using source = await open()
  await using target = await open()
  await source.admin.query(
    "CREATE DATABASE d; CREATE TABLE d.t (b LONGBLOB); INSERT INTO d.t VALUES (REPEAT('x', 3000000))",
  )
  for (const password of ['Aa1-"quoted"', "Aa1-it's #1; \\n \\", 'Aa1-ünï 象 $HOME `x`', ' Aa1-of nobody else ']) {
    for (const { admin } of [source, target]) {
      await admin.query("DROP USER IF EXISTS odd@'%'")
      await admin.query("CREATE USER odd@'%' IDENTIFIED BY ?", [password])
      await admin.query("GRANT ALL ON *.* TO odd@'%' WITH GRANT OPTION")
    }
    const account = { user: 'odd', password }
    const seen = watchCommandLines()
    // Slow enough to be seen on a busy machine.
    const script = '"$REAL" "$@" | { head -c 4096; sleep 1; cat; }'
    const useBackup = async (server: Server): Promise<void> => {
      await load(await connectTo(target.test, account), await take(server))
    }
    await withDumpScript(source.test, script, useBackup, account)
    const lines = await seen.stop()
    expect(lines.filter((line) => line.includes(`${DUMP_PROGRAM} --defaults-file=`))).not.toEqual([])
    expect(lines.filter((line) => line.includes(password.trim()))).toEqual([])
  }
})

test.skipIf(flavor === 'mysql')(
  'a system-versioned table, whose history an older program would leave out, is refused',
  async () => {
    await using source = await open()
    await source.admin.query('CREATE DATABASE past; CREATE TABLE past.t (id INT) WITH SYSTEM VERSIONING')
    const old = "echo 'mariadb-dump from 10.6.22-MariaDB, client 10.19 for Linux (x86_64)'"
    const refused = async (seen: Server): Promise<void> => {
      await expectPitrError(take(seen, { databases: ['past'] }), {
        code: 'MissingProgram',
        subject: 'mariadb-dump 10.11 or newer',
      })
    }
    await withDumpScript(source.test, 'exec "$REAL" "$@"', refused, { sayVersion: old })
  },
)

test.skipIf(flavor === 'mariadb')(
  'a generated primary key that the server hides from the dump program is refused',
  async () => {
    await using source = await open()
    const shown = 'show_gipk_in_create_table_and_information_schema'
    await source.admin.query(`SET GLOBAL ${shown} = OFF; CREATE DATABASE plain; CREATE TABLE plain.t (id INT)`)
    await take(source.server)
    await source.admin.query(
      'CREATE DATABASE d; SET SESSION sql_generate_invisible_primary_key = ON; CREATE TABLE d.t (a INT); INSERT INTO d.t VALUES (1)',
    )
    await take(source.server, { databases: ['plain'] })
    await expectPitrError(take(source.server), {
      code: 'UnsafeSetting',
      subject: `${shown}=OFF`,
      message: 'd.t',
    })
    await source.admin.query(`SET GLOBAL ${shown} = ON`)
    expect((await take(source.server)).store.data).toContain('`my_row_id` bigint unsigned')
  },
)

test('a database with the name of the schema that marks a target is refused, and left out it does not matter', async () => {
  await using source = await open()
  await source.admin.query('CREATE DATABASE shop; CREATE DATABASE mysql_pitr; CREATE TABLE mysql_pitr.mine (id INT)')
  for (const databases of [undefined, ['mysql_pitr', 'shop']]) {
    await expectPitrError(take(source.server, { databases }), { code: 'InvalidArgument', subject: 'mysql_pitr' })
  }
  await take(source.server, { databases: ['shop'] })
})

test('a foreign key by which another database changes rows of a chosen one is refused and named', async () => {
  await using source = await open()
  const keys = ['ON UPDATE CASCADE', 'ON DELETE SET NULL', 'ON DELETE CASCADE']
  await source.admin.query('CREATE DATABASE parent; CREATE TABLE parent.p (id INT PRIMARY KEY); CREATE DATABASE shop')
  // An account sees only keys of tables that it has more than SELECT for: this is that of docs/servers.md, as far as both have it.
  const account = { user: 'pitr', password: 'Pitr-1-secret' }
  await source.admin.query(`CREATE USER pitr@'%' IDENTIFIED BY '${account.password}'`)
  await source.admin.query("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, RELOAD, REPLICATION CLIENT ON *.* TO pitr@'%'")
  const pitr = await connectTo(source.test, account)
  for (const rule of keys) {
    const key = `CONSTRAINT to_p FOREIGN KEY (p) REFERENCES parent.p (id) ${rule}`
    await source.admin.query(`CREATE TABLE shop.t (p INT, ${key})`)
    await expectPitrError(take(pitr, { databases: ['shop'] }), {
      code: 'InvalidArgument',
      subject: 'foreign key to_p of shop.t',
      message: 'parent.p',
    })
    await take(source.server, { databases: ['parent', 'shop'] })
    await source.admin.query('DROP TABLE shop.t')
  }
  // It changes nothing.
  await source.admin.query('CREATE TABLE shop.t (p INT, FOREIGN KEY (p) REFERENCES parent.p (id))')
  await take(source.server, { databases: ['shop'] })
})

// The command lines of all processes of this machine while it watches.
function watchCommandLines(): { stop(): Promise<readonly string[]> } {
  const lines = new Set<string>()
  const stopped = new AbortController()
  const work = (async () => {
    while (!stopped.signal.aborted) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
        lines.add(line.replaceAll('\0', ' '))
      }
      await sleep(5)
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await work
      return [...lines]
    },
  }
}
