import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { mariadbPrivileges } from '../../src/server/flavor/mariadb-privileges.ts'
import { MYSQL_PRIVILEGES } from '../../src/server/flavor/mysql-privileges.ts'
import { COMMON_SETTINGS } from '../../src/server/flavor/setting-rules.ts'
import { parseServerVersion } from '../../src/server/server-version.ts'
import { tableRows } from './tables.ts'

const page = await readFile('docs/servers.md', 'utf8')
const [mysqlPart = '', mariadbPart = ''] = page.split('### MariaDB')

const PURPOSES = ['archive', 'backup', 'restore'] as const
const FLAVORS = {
  MySQL: { text: mysqlPart, privileges: MYSQL_PRIVILEGES },
  MariaDB: { text: mariadbPart, privileges: mariadbPrivileges(parseServerVersion('11.8.6-MariaDB')) },
}

test.each(
  Object.entries(FLAVORS).flatMap(([flavor, facts]) => PURPOSES.map((purpose) => ({ flavor, purpose, ...facts }))),
)('docs/servers.md lists the privileges of $purpose on $flavor', ({ text, purpose, privileges }) => {
  const rules = privileges[purpose].map(({ anyOf }) => anyOf)
  const documented = documentedPrivileges(text, purpose)

  expect(rules.filter(([first = '']) => !documented.includes(first))).toEqual([])
  expect(documented.filter((privilege) => !rules.flat().includes(privilege))).toEqual([])
})

test('docs/servers.md lists every setting that the preflight looks at', () => {
  const documented = tableRows(page, 'setting').map(([setting = '']) => setting)

  const missing = COMMON_SETTINGS.filter(({ variable }) => !documented.some((text) => text.includes(`\`${variable}\``)))
  expect(missing.map(({ variable }) => variable)).toEqual([])
})

function documentedPrivileges(text: string, purpose: string): readonly string[] {
  const cell = tableRows(text, 'purpose').find(([name]) => name === purpose)?.[1] ?? ''
  const named = [...cell.matchAll(/`(?<privilege>[^`]+)`/g)].map(({ groups }) => groups?.['privilege'] ?? '')
  return cell.includes('those of archive') ? [...documentedPrivileges(text, 'archive'), ...named] : named
}
