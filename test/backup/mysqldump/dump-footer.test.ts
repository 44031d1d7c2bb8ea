import { expect, test } from 'vitest'

import { DumpFooter } from '../../../src/backup/mysqldump/dump-footer.ts'

const FOOTER = '-- Dump completed on 2026-11-21  8:27:29\n'

test('a dump that ends with the footer is complete, however its bytes are cut', () => {
  const bytes = Buffer.from(`${'INSERT;\n'.repeat(100)}\n${FOOTER}`)
  for (const size of [1, 3, 300, bytes.length]) {
    const footer = new DumpFooter()
    for (let at = 0; at < bytes.length; at += size) footer.add(bytes.subarray(at, at + size))
    expect(() => footer.check()).not.toThrow()
  }
})

test.each([
  { what: 'nothing', text: '' },
  { what: 'a footer without its line break', text: `x\n${FOOTER.trimEnd()}` },
  { what: 'something behind the footer', text: `x\n${FOOTER}x` },
  { what: 'a footer inside a line', text: `INSERT '${FOOTER}` },
  { what: 'a footer further up', text: `\n${FOOTER}INSERT;\n` },
])('$what is not the end of a dump', ({ text }) => {
  const footer = new DumpFooter()
  footer.add(Buffer.from(text))
  expect(() => footer.check()).toThrow(expect.objectContaining({ code: 'DumpIncomplete' }))
})
