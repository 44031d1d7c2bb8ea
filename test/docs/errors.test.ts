import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { ERROR_CODES } from '../../src/errors.ts'
import { tableRows } from './tables.ts'

const rows = tableRows(await readFile('docs/errors.md', 'utf8'), 'code')

test('docs/errors.md lists the codes of the library, in its order, with its meanings', () => {
  const documented = rows.map(([code = '', meaning]) => [code.replaceAll('`', ''), meaning])

  expect(documented).toEqual(Object.entries(ERROR_CODES))
})

test('every code says what to do', () => {
  expect(rows.filter(([, , whatToDo = '']) => whatToDo.length < 10)).toEqual([])
})
