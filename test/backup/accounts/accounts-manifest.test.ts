import { expect, test } from 'vitest'

import { formatAccounts, parseAccounts } from '../../../src/backup/accounts/accounts-manifest.ts'

const ACCOUNTS = [
  { account: '`reader`', create: 'CREATE ROLE `reader`', grants: [], role: true, locked: false },
  {
    account: "'o''dd'@'%'",
    create: "CREATE USER 'o''dd'@'%' IDENTIFIED BY PASSWORD '*HASH'",
    grants: ["GRANT USAGE ON *.* TO 'o''dd'@'%'"],
    role: false,
    locked: true,
  },
]

test('accounts come back as they were written', () => {
  expect(parseAccounts(formatAccounts(ACCOUNTS))).toEqual(ACCOUNTS)
})

test('what is not accounts is refused without quoting it', () => {
  const text = Buffer.from(formatAccounts(ACCOUNTS)).toString()
  for (const broken of ['', '{}', text.slice(0, -5), text.replace('"formatVersion": 0', '"formatVersion": 7')]) {
    const [failure] = failuresOf(() => parseAccounts(Buffer.from(broken)))
    expect(failure).toMatchObject({ code: 'CorruptManifest' })
    expect(failure).not.toHaveProperty('cause')
    expect(JSON.stringify(failure)).not.toContain('HASH')
  }
})

function failuresOf(work: () => unknown): readonly unknown[] {
  try {
    work()
    return []
  } catch (error) {
    return [error]
  }
}
