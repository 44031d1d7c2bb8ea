import { expect, test } from 'vitest'
import { readOnlyOption, requireChoosable } from '../../../src/restore/plan/only-option.ts'
import type { BackupScope } from '../../../src/image/backup-image.ts'
import { expectPitrError } from '../../support/expect-pitr-error.ts'

test('names come in order, and an empty list is none', () => {
  expect(readOnlyOption({})).toEqual({})
  expect(readOnlyOption({ only: { databases: ['b', 'a'], tables: ['shop.z', 'shop.a'] } })).toEqual({
    only: { databases: ['a', 'b'], tables: ['shop.a', 'shop.z'] },
  })
  expect(readOnlyOption({ only: { databases: [], tables: ['shop.a'] } })).toEqual({ only: { tables: ['shop.a'] } })
})

test.each<[string, unknown, string]>([
  ['no object', 'shop.orders', 'only'],
  ['nothing', {}, 'only'],
  ['empty lists', { databases: [], tables: [] }, 'only'],
  ['something else', { schemas: ['shop'] }, 'only.schemas'],
  ['a text for a list', { tables: 'shop.orders' }, 'only.tables'],
  ['an empty name', { databases: [''] }, 'only.databases'],
  ['a table without a database', { tables: ['orders'] }, 'orders'],
  ['a table without a name', { tables: ['shop.'] }, 'shop.'],
  ['a table nobody could tell from another', { tables: ['shop.a.b'] }, 'shop.a.b'],
  ["a database of the server's own", { databases: ['MySQL'] }, 'MySQL'],
  ["a table of the server's own", { tables: ['mysql.user'] }, 'mysql'],
  ['the schema of the mark', { databases: ['mysql_pitr'] }, 'mysql_pitr'],
])('%s is refused', async (_, only, subject) => {
  await expectPitrError(() => readOnlyOption({ only: only as object }), { code: 'InvalidArgument', subject })
})

const choosable = (only: Parameters<typeof requireChoosable>[0], scope: BackupScope = 'all', nameCase = '0'): void => {
  const settings = { lower_case_table_names: nameCase }
  const server = { flavor: 'mysql', version: '9.7.4', serverId: 1, settings, systemTimeZone: '+00:00' } as const
  requireChoosable(only, { scope, server })
}

test('what the backup holds can be chosen, each name once', async () => {
  choosable({ databases: ['crm', 'CRM', 'shop.web'], tables: ['shop.web', 'shop.WEB', 'web.crm'] })
  choosable({ databases: ['crm'], tables: ['web.t'] }, { databases: ['crm', 'web'] })
  for (const [only, scope, nameCase, message] of [
    [{ databases: ['crm', 'crm'] }, 'all', '0', 'twice'],
    [{ tables: ['web.t', 'WEB.T'] }, 'all', '1', 'twice'],
    [{ databases: ['crm'], tables: ['crm.t'] }, 'all', '0', 'whole database crm is chosen already'],
    [{ databases: ['web'] }, { databases: ['crm'] }, '0', 'does not hold'],
    [{ tables: ['web.t'] }, { databases: ['crm'] }, '0', 'does not hold the database web'],
  ] as const) {
    await expectPitrError(() => choosable(only, scope, nameCase), { code: 'InvalidArgument', message })
  }
})
