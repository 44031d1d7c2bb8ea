import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const pages = [...(await readdir('.')), ...(await readdir('docs')).map((name) => join('docs', name))].filter((name) =>
  name.endsWith('.md'),
)

test.each(pages)('every relative link of %s leads to a file', async (page) => {
  const text = (await readFile(page, 'utf8')).replaceAll(/```.*?```/gs, '')
  const links = [...text.matchAll(/\]\((?<link>[^)\s]+)\)/g)].map(({ groups }) => groups?.['link'] ?? '')
  const relative = links.filter((link) => !/^(?:[a-z]+:|#)/i.test(link))

  const broken = []
  for (const link of relative) {
    const path = join(dirname(page), link.replace(/#.*$/, ''))
    if (!(await exists(path))) broken.push(link)
  }
  expect(broken).toEqual([])
})

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
