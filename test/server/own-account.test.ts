import { expect, test } from 'vitest'
import { takesOurLogins } from '../../src/server/own-account.ts'

const SERVER = {
  account: 'pitr@localhost',
  connection: { user: 'pitr' },
  tools: { connection: { user: "o'programs" } },
}

test.each([
  ["''@'localhost'", false],
  ["''@'%'", false],
  ["''@'127.0.0.1'", true],
  ["'pitr'@'127.0.0.1'", true],
  ["'pitr'@'10.%'", true],
  ["'pitr'@'%'", false],
  ["'pitr2'@'127.0.0.1'", false],
  ["'o''programs'@'10.%'", true],
])('an account that could be logged in as ours: %s, %s', (account, expected) => {
  expect(takesOurLogins(SERVER, account)).toBe(expected)
})
