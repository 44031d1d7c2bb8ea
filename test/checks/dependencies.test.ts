import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
const [runtime = '', development = ''] = readFileSync(new URL('docs/dependencies.md', root), 'utf8').split(
  '## For development',
)

test('every dependency has a line with its reason in docs/dependencies.md, and no line is left over', () => {
  expect(documented(runtime)).toEqual(Object.keys(manifest.dependencies).toSorted())
  expect(documented(development)).toEqual(Object.keys(manifest.devDependencies).toSorted())
})

test('every dependency is pinned exactly', () => {
  const versions = Object.values<string>({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

function documented(section: string): string[] {
  return [...section.matchAll(/^- `([^`]+)`: \S/gm)].map(([, name = '']) => name).toSorted()
}
