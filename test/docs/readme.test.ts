import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const readme = await readFile('README.md', 'utf8')

test.each(['npm ci && npm run quickstart', 'npm ci && npm test'])(
  'the README shows the command `%s` exactly once, in a sh block of its own',
  (command) => {
    expect(blocks('sh').filter((block) => block === command)).toHaveLength(1)
    expect(readme.split('\n').filter((line) => line === command)).toHaveLength(1)
  },
)

test('the example of the README is the one that runs as a test', async () => {
  const source = await readFile('test/docs/readme-example.ts', 'utf8')
  const body = /^ {2}\/\/ begin\n(?<body>.*?)^ {2}\/\/ end$/ms.exec(source)?.groups?.['body'] ?? ''
  const tested = body
    .replaceAll(/^ {2}/gm, '')
    .replace(/^.*causeAccident.*\n/m, '')
    .replace('directoryStorage(folder)', "directoryStorage('/backups/shop')")
    .replace('connectServer(db1)', "connectServer({ connection: { host: 'db1', user: 'pitr', password: readSecret } })")
    .replace(
      'connectServer(db2)',
      "connectServer({ connection: { host: 'db2', user: 'pitr_restore', password: readSecret } })",
    )
    .replace('at: accident,', "at: '2026-11-21T10:15:30.123456Z',")
    .replace('from: noon', "from: '2026-11-21T10:00:00Z'")
    .replaceAll('print(', 'console.log(')

  const shown = blocks('ts').find((block) => block.includes('RecoveryImageManager.create'))
  expect(shown?.replace(/^import .*\n\n/, '')).toBe(tested.trim())
})

function blocks(language: string): readonly string[] {
  const found = readme.matchAll(new RegExp(`^\`\`\`${language}\\n(?<code>.*?)^\`\`\`$`, 'gms'))
  return [...found].map(({ groups }) => groups?.['code']?.trim() ?? '')
}
