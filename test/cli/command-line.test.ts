import { expect, test } from 'vitest'
import { choice, optionHelp, readCommandLine, required, requireKnown } from '../../src/cli/command-line.ts'
import { PitrError } from '../../src/errors.ts'

test('a command, options with values and switches are read', () => {
  expect(readCommandLine(['plan', '--archive', '/backups', '--time=2026-11-21T10:15:30Z', '--exclusive'])).toEqual({
    command: 'plan',
    options: { archive: '/backups', time: '2026-11-21T10:15:30Z', exclusive: true },
  })
})

test('a position that looks like an option can be given with an equals sign', () => {
  expect(readCommandLine(['plan', '--position=-odd.000001:4']).options.position).toBe('-odd.000001:4')
})

test('an option that may be given several times keeps all its values', () => {
  const { options } = readCommandLine(['plan', '--latest', '--skip', '0-1-5', '--skip=binlog.000001:4'])
  expect(options).toEqual({ latest: true, skip: ['0-1-5', 'binlog.000001:4'] })
})

test('without arguments there is no command', () => {
  expect(readCommandLine([])).toEqual({ command: undefined, options: {} })
})

test.each([
  ['an unknown option', ['plan', '--tme', 'x']],
  ['an option of mysql', ['plan', '-psecret']],
  ['a missing value', ['plan', '--time']],
  ['a value for a switch', ['plan', '--latest=yes']],
  ['a second argument', ['plan', 'restore']],
  ['an option given twice', ['plan', '--time', 'x', '--time', 'y']],
  ['a switch given twice', ['plan', '--latest', '--latest']],
])('%s is refused', (_, args) => {
  expect(codeOf(() => readCommandLine(args))).toBe('InvalidArgument')
})

test.each([
  [['backup', '--password', 'hunter2']],
  [['backup', '--password=hunter2']],
  [['backup', '-phunter2']],
  [['backup', 'hunter2']],
  [['backup', '--user', 'a', '--user', 'hunter2']],
])('a password typed on the command line is in no error: %j', (args) => {
  const error = thrownBy(() => readCommandLine(args))

  expect(JSON.stringify(error)).not.toContain('hunter2')
  expect((error as PitrError).message).not.toContain('hunter2')
})

test('an option the command does not take is refused by name, with those it takes', () => {
  const error = thrownBy(() => requireKnown('window', { archive: '/backups', out: 'x' }, ['archive'])) as PitrError

  expect([error.code, error.subject, error.hint]).toEqual(['InvalidArgument', '--out', 'It takes: --archive.'])
})

test('the options of a command are let through', () => {
  expect(() => requireKnown('window', { archive: '/backups' }, ['archive', 'json'])).not.toThrow()
})

test.each([undefined, ''])('a required option with value %j is missing', (archive) => {
  const options = archive === undefined ? {} : { archive }

  expect(codeOf(() => required(options, 'archive', 'name it'))).toBe('InvalidArgument')
})

test('a choice is one of its words, or absent', () => {
  expect(choice({ accounts: 'none' }, 'accounts', ['all', 'none'])).toBe('none')
  expect(choice({}, 'accounts', ['all', 'none'])).toBeUndefined()
  expect(codeOf(() => choice({ accounts: 'None' }, 'accounts', ['all', 'none']))).toBe('InvalidArgument')
})

test('help lines are aligned and show what a value is', () => {
  expect(optionHelp(['archive', 'json']).split('\n')).toEqual([
    '  --archive DIR  folder of the archive (or MYSQL_PITR_ARCHIVE)',
    '  --json         print JSON, one document (one line a transaction for "transactions")',
  ])
})

function codeOf(work: () => unknown): string {
  return (thrownBy(work) as PitrError).code
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    if (error instanceof PitrError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
