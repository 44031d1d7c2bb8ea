import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import * as exitCodes from '../../src/cli/exit-codes.ts'
import { runProgram } from '../../src/cli/program.ts'
import { tableRows } from './tables.ts'

const page = await readFile('docs/cli.md', 'utf8')
const documentedCommands = tableRows(page, 'command').map(([name = '', help, options = '']) => ({
  name: name.replaceAll('`', ''),
  help,
  options: options.split(', ').flatMap(expand),
}))
const documentedOptions = new Map(
  tableRows(page, 'option').map(([option = '', meaning]) => [option.replaceAll('`', ''), meaning]),
)
test('docs/cli.md lists the commands as the program does', async () => {
  const commands = [...(await help()).matchAll(/^ {2}(?<name>\w+) +(?<text>.+)$/gm)].map(({ groups }) => ({
    name: groups?.['name'],
    help: groups?.['text'],
  }))

  expect(documentedCommands.map(({ name, help: text }) => ({ name, help: text }))).toEqual(commands)
})

test.each(documentedCommands)('docs/cli.md gives "$name" the options that it takes', async ({ name, options }) => {
  const lines = [...(await help(name)).matchAll(/^ {2}(?<option>--.+?) {2,}(?<text>.+)$/gm)]
  const shown = new Map(lines.map(({ groups }) => [groups?.['option'] ?? '', groups?.['text']]))

  expect([...shown.keys()].map((option) => option.replace(/^--(\S+).*/, '$1')).toSorted()).toEqual(
    [...options, 'json', 'quiet', 'help'].toSorted(),
  )
  for (const [option, text] of shown) expect([option, documentedOptions.get(option)]).toEqual([option, text])
})

test('docs/cli.md documents no option that no command takes', () => {
  const taken = new Set(['json', 'quiet', 'help', ...documentedCommands.flatMap(({ options }) => options)])
  const documented = [...documentedOptions.keys()].map((option) => option.replace(/^--(\S+).*/, '$1'))

  expect(documented.filter((option) => !taken.has(option))).toEqual([])
})

test('docs/cli.md and the general help list the exit codes of the program', async () => {
  const codes = Object.entries(exitCodes).flatMap(([name, code]) => (name.startsWith('EXIT_') ? [code] : []))
  const documented = tableRows(page, 'exit code').map(([code]) => Number(code))
  const line = /^exit codes: (?<codes>.+)$/m.exec(await help())?.groups?.['codes'] ?? ''

  expect(documented).toEqual(codes.toSorted((a, b) => Number(a) - Number(b)))
  expect(line.match(/\b\d+\b/g)?.map(Number)).toEqual(documented)
})

/** The groups of options that the page names as one. */
function expand(name: string): readonly string[] {
  const group = new RegExp(
    `\`${name}\` (?:in the table of commands stands )?for (?<options>.*?)(?=;|\\.\\s)`,
    's',
  ).exec(page)
  const options = group?.groups?.['options']?.match(/(?<=--)[\w-]+/g)
  return options ?? [name]
}

async function help(...command: readonly string[]): Promise<string> {
  let printed = ''
  const stdout = { write: (text: string) => (printed += text) !== '' }
  await runProgram([...command, '--help'], { stdout, stderr: process.stderr, signal: new AbortController().signal })
  return printed
}
