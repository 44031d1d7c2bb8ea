import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Account } from '../../quickstart/connect.ts'
import { createRestoreAccount } from '../../quickstart/restore-account.ts'
import { flavor } from '../../support/flavor.ts'
import { startServer } from '../../support/servers/index.ts'
import type { TestServer } from '../../support/servers/index.ts'
import { commandLinesDuring } from './command-lines.ts'
import { expectError, expectExit, runCommand } from '../../cli/run-command.ts'
import type { CommandEnd } from '../../cli/run-command.ts'

const ORDERS = 7

let source: TestServer
let target: TestServer
let restorer: Account
let folder: string
let archive: string
let shop: Connection
let spare: Connection
let watcher: Connection

beforeAll(async () => {
  source = await startServer(flavor)
  target = await startServer(flavor)
  shop = await createConnection({ ...source.connection })
  watcher = await createConnection({ ...source.connection })
  spare = await createConnection({ ...target.connection })
  restorer = await createRestoreAccount(spare)
  folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-cli-test-'))
  archive = join(folder, 'archive')
  await shop.query('CREATE DATABASE shop')
  await shop.query('CREATE TABLE shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, total INT NOT NULL)')
})

afterAll(async () => {
  shop?.destroy()
  watcher?.destroy()
  spare?.destroy()
  await source?.[Symbol.asyncDispose]()
  await target?.[Symbol.asyncDispose]()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

beforeEach((context) => {
  context.skip(source.clientPrograms.kind === 'container', 'the command runs client programs on this machine')
})

describe('the main loop, command by command', () => {
  let accident: { readonly gtid: string; readonly commitTime: string }

  test('backup makes the archive and a first image; its password is in no command line', async () => {
    await shop.query('INSERT INTO shop.orders (total) VALUES (1), (2), (3)')
    let end: CommandEnd | undefined
    const commandLines = await commandLinesDuring(async () => {
      end = await onSource(['backup', '--create'])
    })

    expect(end).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^recovery image .+\n$/),
      stderr: expect.any(String),
    })
    expect(commandLines.some((line) => line.includes('dump'))).toBe(true)
    expect(commandLines.filter((line) => line.includes(source.connection.password))).toEqual([])
  })

  test('archive ships what is new, with the password from a file', async () => {
    await shop.query('INSERT INTO shop.orders (total) VALUES (4), (5), (6), (7)')
    await shop.query('DELETE FROM shop.orders')
    await shop.query('INSERT INTO shop.orders (total) VALUES (8)')
    const passwordFile = join(folder, 'password')
    await writeFile(passwordFile, `${source.connection.password}\n`, { mode: 0o600 })

    const { host, port, user } = source.connection
    const server = ['--host', host, '--port', String(port), '--user', user, '--password-file', passwordFile]
    const end = await runCommand(['archive', '--archive', archive, '--json', ...server])

    expectExit(end, 0)
    expect(JSON.parse(end.stdout)).toMatchObject({ transactions: 3, end: { offset: expect.any(Number) } })
  })

  test('a second backup goes without --create, and also with it', async () => {
    for (const create of [[], ['--create']]) {
      const end = await onSource(['backup', '--json', ...create])
      expectExit(end, 0)
      expect(JSON.parse(end.stdout)).toMatchObject({ state: 'open', backup: { method: 'mysqldump' } })
    }
  })

  test('images lists them; the newest one is open', async () => {
    const asJson = await offline('images', '--json')
    const asText = await offline('images')

    const states = (JSON.parse(asJson.stdout) as readonly { readonly state: string }[]).map(({ state }) => state)
    expect(states).toEqual(['closed', 'closed', 'open'])
    expect(asText.stdout.trimEnd().split('\n')).toHaveLength(3)
  })

  test('window shows which moments can be restored', async () => {
    const { stdout } = await offline('window', '--json')
    const found = JSON.parse(stdout)

    expect(found).toMatchObject({ holes: [] })
    expect(Date.parse(found.earliest)).toBeLessThan(Date.parse(found.latest))
    expect((await offline('window')).stdout).toMatch(/^earliest {2}\S+Z\nlatest {4}\S+Z\n$/)
  })

  test('transactions finds the DELETE, as text and as a JSON document a line', async () => {
    const asText = await offline('transactions', '--table', 'shop.orders')
    const asJson = await offline('transactions', '--table', 'shop.orders', '--kind', 'row', '--json')

    const found = asJson.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(found.map(({ changes: [change] }) => [change.inserted, change.updated, change.deleted])).toEqual([
      // A file is archived from its first byte, so what the backup holds is shown too.
      [3, 0, 0],
      [4, 0, 0],
      [0, 0, ORDERS],
      [1, 0, 0],
    ])
    accident = found[2]
    expect(asText.stdout.split('\n').filter((line) => line.includes(`shop.orders -${ORDERS}`))).toHaveLength(1)
  })

  test('plan says how to get there, and saves it for its owner only', async () => {
    const out = join(folder, 'plan.json')
    const end = await offline('plan', '--before', accident.gtid, '--out', out)

    expectExit(end, 0)
    expect(end.stdout).toContain(accident.gtid)
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(
      JSON.parse((await offline('plan', '--before', accident.gtid, '--json')).stdout),
    )
    expect((await stat(out)).mode & 0o777).toBe(0o600)
  })

  test('plan leaves out what --skip names, and starts from an image before it', async () => {
    const { gtid } = accident
    const { stdout } = await offline('plan', '--latest', '--skip', gtid, '--skipped-gtids', 'executed', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      skipped: { transactions: [{ gtid, rows: ORDERS }], later: [{ table: 'shop.orders' }], gtids: 'executed' },
    })
    expectError(await offline('plan', '--latest', '--skip', gtid, '--skip', gtid, '--json'), 2, 'InvalidArgument')
    expectError(await offline('plan', '--before', gtid, '--skip', gtid, '--json'), 3, 'TransactionNotFound')
  })

  test('restore takes the saved plan; result on stdout, progress on stderr, no password in sight', async () => {
    let end: CommandEnd | undefined
    const commandLines = await commandLinesDuring(async () => {
      end = await onTarget('restore', '--plan', join(folder, 'plan.json'), '--json')
    })

    expectExit(end, 0)
    expect(JSON.parse(end?.stdout ?? '')).toBeInstanceOf(Object)
    expect(end?.stderr).toMatch(/^restore:replay .* s$/m)
    expect([end?.stdout, end?.stderr, ...commandLines].filter((text) => text?.includes(restorer.password))).toEqual([])
    expect(await ordersOf(restorer)).toBe(ORDERS)
  })

  test('a target that holds data is refused with 4', async () => {
    expectError(await onTarget('restore', '--latest', '--json'), 4, 'TargetNotEmpty')
    expect(await ordersOf(restorer)).toBe(ORDERS)
  })

  test('the source is no target: 4', async () => {
    expectError(await onSource(['restore', '--latest', '--json']), 4, 'TargetIsSource')
    expect(await ordersOf(source.connection, source)).toBe(1)
  })
})

describe('what cannot work', () => {
  test('a time without an offset: 2, with a hint', async () => {
    const end = await offline('plan', '--time', '2026-11-21T10:15:30')

    expectExit(end, 2)
    expect(end.stderr).toMatch(/^InvalidInstant: .+\n {2}hint: .+\n$/)
  })

  test('a place without an archive: 3, and none is made', async () => {
    const nowhere = join(folder, 'nowhere')

    expectError(await runCommand(['window', '--archive', nowhere, '--json']), 3, 'ArchiveNotFound')
    expect(await readdir(folder)).not.toContain('nowhere')
  })

  test.each([
    ['beyond the window', '2099-01-01T00:00:00Z', 'TargetBeyondWindow'],
    ['before the window', '2001-01-01T00:00:00+02:00', 'TargetBeforeWindow'],
  ])('a time %s: 3', async (_, time, code) => {
    expectError(await offline('plan', '--time', time, '--json'), 3, code)
  })

  test('a search for a table without a name: 2, it is not taken for one that finds nothing', async () => {
    expectError(await offline('transactions', '--table', '', '--json'), 2, 'InvalidArgument')
  })

  test('a plan that cannot be saved: 2, and it is printed all the same', async () => {
    const end = await offline('plan', '--latest', '--quiet', '--json', '--out', join(folder, 'nowhere', 'plan.json'))

    expectExit(end, 2)
    expect(JSON.parse(end.stdout)).toMatchObject({ target: { kind: 'latest' } })
    expect(JSON.parse(end.stderr)).toMatchObject({ error: { code: 'InvalidArgument', hint: expect.any(String) } })
  })

  test('a wrong password: 4, and --create leaves no empty archive behind', async () => {
    const { host, port, user } = source.connection
    const server = ['--host', host, '--port', String(port), '--user', user]
    const place = join(folder, 'never')
    const end = await runCommand(['backup', '--create', '--archive', place, '--json', ...server], {
      MYSQL_PITR_PASSWORD: 'wrong-password',
    })

    expectError(end, 4, 'AccessDenied')
    expect(end.stderr).not.toContain('wrong-password')
    expect(await readdir(folder)).not.toContain('never')
  })

  test('nobody listens: 4', async () => {
    const end = await runCommand(['archive', '--archive', archive, '--port', '1', '--json'])

    expectError(end, 4, 'ConnectionFailed')
  })

  test('a missing client program: 1', async () => {
    const { host, port, user, password } = source.connection
    const server = ['--host', host, '--port', String(port), '--user', user]
    const end = await runCommand(['backup', '--archive', archive, '--json', ...server], {
      MYSQL_PITR_PASSWORD: password,
      PATH: folder,
    })

    expectError(end, 1, 'MissingProgram')
  })
})

describe('as a program among others', () => {
  test('Ctrl-C while a client program works stops in order: 130, and no image is made', async () => {
    const images = (await offline('images')).stdout
    await shop.query('LOCK TABLES shop.orders WRITE')
    let command: ChildProcess | undefined
    const ended = onSource(['backup', '--json'], (child) => (command = child))
    try {
      await vi.waitFor(expectDumpToWait, { timeout: 60_000, interval: 100 })
      command?.kill('SIGINT')
      expectError(await ended, 130, 'Aborted')
    } finally {
      await shop.query('UNLOCK TABLES')
    }

    expect((await offline('images')).stdout).toBe(images)
  })

  test('a reader that has seen enough ends it quietly', async () => {
    const command = `${process.execPath} src/cli/main.ts transactions --archive ${archive} --json | head -n 1`
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])

    expect(JSON.parse(stdout)).toBeInstanceOf(Object)
    expect(stderr).not.toContain('EPIPE')
  })

  test('--quiet prints nothing but the result', async () => {
    const end = await offline('plan', '--latest', '--quiet', '--json')

    expect(end).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^\{.*\}\n$/), stderr: '' })
  })
})

async function offline(command: string, ...args: readonly string[]): Promise<CommandEnd> {
  return runCommand([command, ...args], { MYSQL_PITR_ARCHIVE: archive })
}

async function onSource(args: readonly string[], onStart?: (child: ChildProcess) => void): Promise<CommandEnd> {
  return withServer(source, source.connection, args, onStart)
}

async function onTarget(command: string, ...args: readonly string[]): Promise<CommandEnd> {
  return withServer(target, restorer, [command, ...args])
}

async function withServer(
  { connection: { host, port }, clientPrograms }: TestServer,
  { user, password }: Account,
  args: readonly string[],
  onStart?: (child: ChildProcess) => void,
): Promise<CommandEnd> {
  const programs = clientPrograms.kind === 'local' ? clientPrograms.path : []
  const env = {
    MYSQL_PITR_ARCHIVE: archive,
    MYSQL_PITR_PASSWORD: password,
    PATH: [...programs, process.env['PATH']].join(delimiter),
  }
  return runCommand([...args, '--host', host, '--port', String(port), '--user', user], env, onStart)
}

/** Some session of the backup waits for the lock that the test holds. */
async function expectDumpToWait(): Promise<void> {
  const [rows] = await watcher.query<RowDataPacket[]>(
    "SELECT STATE FROM information_schema.PROCESSLIST WHERE STATE REGEXP '^Waiting for table (.*lock|flush)'",
  )
  expect(rows).not.toEqual([])
}

async function ordersOf({ user, password }: Account, server: TestServer = target): Promise<number> {
  const { host, port } = server.connection
  const connection = await createConnection({ host, port, user, password })
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS orders FROM shop.orders')
  await connection.end()
  return Number(row?.['orders'])
}
