import { readFile } from 'node:fs/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'
import { expectError, expectExit } from './run-command.ts'
import type { CommandEnd } from './run-command.ts'

// Found before any archive or server is looked for: none of these exists.
const ENV = { MYSQL_PITR_ARCHIVE: '/nowhere/archive', MYSQL_PITR_PASSWORD: 'hunter2' }

test.each([
  ['an unknown option', ['window', '--arcive', '/nowhere']],
  ['an unknown command', ['rewind']],
  ['a word that every object knows', ['constructor']],
  ['an option of another command', ['window', '--out', 'x']],
  ['no restore target', ['plan']],
  ['two restore targets', ['plan', '--latest', '--position', 'binlog.000001:4']],
  ['a plan and a restore target', ['restore', '--plan', 'plan.json', '--latest']],
  ['a restore without plan and target', ['restore']],
  ['a socket and a host', ['backup', '--socket', '/tmp/x.sock', '--host', 'db1']],
  ['a port that is none', ['backup', '--port', '99999']],
  ['a password file that is not there', ['backup', '--password-file', '/nowhere/password']],
  ['accounts that are not known', ['restore', '--latest', '--accounts', 'some']],
  ['an isolation that is not known', ['restore', '--latest', '--isolation', 'some']],
  ['a durability that is not known', ['restore', '--latest', '--durability', 'some']],
  ['a replayer that is not known', ['restore', '--latest', '--replayer', 'some']],
  ['a kind of transaction that is none', ['transactions', '--kind', 'nonsense']],
  ['an empty name of an archive', ['window', '--archive', '']],
])('%s: exit code 2', async (_, args) => {
  expectError(await run([...args, '--json'], ENV), 2, 'InvalidArgument')
})

test('no name of an archive at all: exit code 2', async () => {
  expectError(await run(['window', '--json'], { MYSQL_PITR_ARCHIVE: '' }), 2, 'InvalidArgument')
})

test('for people an error is its code, its message and a hint', async () => {
  const end = await run(['plan', '--position', 'here'], ENV)

  expectExit(end, 2)
  expect(end.stderr).toMatch(/^InvalidPosition: .+\n {2}hint: .+\n$/)
})

test.each([[[]], [['--help']], [['-h']]])('without a command the help is printed: %j', async (args) => {
  const end = await run(args, ENV)

  expectExit(end, 0)
  expect(end.stdout).toMatch(/^usage: mysql-pitr COMMAND/m)
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }

  expect(await run(['--version'], ENV)).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  expectError(await run(['window', '--version', '--json'], ENV), 2, 'InvalidArgument')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Runs the program in this process. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandEnd> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const [stdout, stderr] = [recorder(), recorder()]
  const exitCode = await runProgram(args, { stdout, stderr, signal: new AbortController().signal })
  return { exitCode, stdout: stdout.texts.join(''), stderr: stderr.texts.join('') }
}

function recorder(): NodeJS.WriteStream & { readonly texts: readonly string[] } {
  const texts: string[] = []
  const stream = { isTTY: false, texts, write: (text: string) => texts.push(text) > 0 }
  return stream as unknown as NodeJS.WriteStream & { readonly texts: readonly string[] }
}
