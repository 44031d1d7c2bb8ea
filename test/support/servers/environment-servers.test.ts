import { expect, test } from 'vitest'
import { parseServers } from './environment-servers.ts'

test('a list of URLs names servers, with encoded characters and a default port', () => {
  expect(parseServers('V', 'mysql://root:p%40ss@db-1:3307, mariadb://admin:x@[::1],')).toEqual([
    { host: 'db-1', port: 3307, user: 'root', password: 'p@ss' },
    { host: '::1', port: 3306, user: 'admin', password: 'x' },
  ])
})

test('an empty variable names no server', () => {
  expect(parseServers('V', '')).toEqual([])
})

test.each([
  ['root:s3cret@db', 'V: server 1 is '],
  ['mysql://a:b@c,http://root:s3cret@db', 'V: server 2 is a http: URL'],
  ['mysql://:s3cret@db', 'V: server 1 has no user'],
  ['mysql://root:s3cret@db:port', 'V: server 1 is not a URL'],
  ['mysql://a:s3cret@db:1,mysql://b:s3cret@db:1', 'V names db:1 twice'],
])('%s is refused without quoting its password', (value, message) => {
  const error = errorOf(() => parseServers('V', value))
  expect(error).toContain(message)
  expect(error).not.toContain('s3cret')
})

function errorOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return String(error)
  }
  throw new Error('nothing was thrown')
}
