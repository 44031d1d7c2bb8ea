import { expect, test } from 'vitest'
import { ProviderUnavailable, serverError } from './errors.ts'
import { findProvider } from './start-server.ts'
import type { Provider, ProviderName, Start } from './types.ts'

const start: Start = async () => Promise.reject(new Error('not started in this test'))

test('the first provider that can is taken', async () => {
  const providers = [unavailable('path', 'no mysqld'), available('docker'), unavailable('packages', 'unused')]
  await expect(findProvider('mysql', providers, undefined)).resolves.toBe(start)
})

test('an error lists every way that was tried, why it failed and what to do', async () => {
  const providers = [unavailable('path', 'there is no mysqld'), unavailable('docker', 'no engine answers')]
  await expect(findProvider('mysql', providers, undefined)).rejects.toThrow(
    `no mysql server can be started for the tests; tried in this order:
  path: there is no mysqld
    to use this way: install path
  docker: no engine answers
    to use this way: install docker`,
  )
})

test('a defect of a provider is not passed over', async () => {
  const broken: Provider = { name: 'path', prepare: async () => Promise.reject(new TypeError('oops')) }
  await expect(findProvider('mysql', [broken, available('docker')], undefined)).rejects.toThrow('oops')
})

test('a forced provider is the only one tried', async () => {
  const providers = [unavailable('path', 'there is no mysqld'), available('docker')]
  await expect(findProvider('mysql', providers, 'path')).rejects.toThrow(/there is no mysqld/)
  await expect(findProvider('mysql', providers, 'podman')).rejects.toThrow(
    'MYSQL_PITR_TEST_PROVIDER is one of path, docker, not "podman"',
  )
})

test('an error about a server carries the end of its log', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`)
  const { message } = serverError('it ended', lines.join(''))
  expect(message).toMatch(/^it ended; the end of its error log:\nline 75\n/)
  expect(message).toMatch(/line 99$/)
  expect(serverError('it ended', '').message).toBe('it ended (its error log is empty)')
})

function unavailable(name: ProviderName, why: string): Provider {
  return { name, prepare: async () => Promise.reject(new ProviderUnavailable(why, `install ${name}`)) }
}

function available(name: ProviderName): Provider {
  return { name, prepare: async () => Promise.resolve(start) }
}
