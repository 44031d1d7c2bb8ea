import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { localHost } from '../../src/host/local-host.ts'
import { programOutput } from '../../src/host/program-output.ts'

const host = localHost()

describe('this machine as a host', () => {
  test('finds the first program that exists', async () => {
    expect(await host.findProgram(['no-such-program', 'sh'])).toMatch(/\/sh$/)
    expect(await host.findProgram(['no-such-program'])).toBeUndefined()
  })

  test('runs a program with arguments as they are, in the C locale, without a login file', async () => {
    const script = 'printf "%s|%s|%s" "$1" "$LC_ALL" "$MYSQL_TEST_LOGIN_FILE"; echo said >&2; exit 3'
    expect(await programOutput(host, 'sh', ['-c', script, 'sh', '$(id) "\' ;'])).toEqual({
      exitCode: 3,
      signal: undefined,
      stdout: '$(id) "\' ;|C|/nonexistent/mylogin.cnf',
      stderr: 'said\n',
    })
  })

  test('a program that cannot be started ends with 127 and the reason', async () => {
    const end = await programOutput(host, '/no/such/program', [])
    expect(end).toMatchObject({ exitCode: 127, stderr: expect.stringContaining('ENOENT') })
  })

  test('keeps only the end of standard error', async () => {
    const { stderr } = await programOutput(host, 'sh', ['-c', 'yes x | head -c 1000000 >&2; echo end >&2'])
    expect(stderr.length).toBeGreaterThan(14 * 1024)
    expect(stderr.length).toBeLessThanOrEqual(16 * 1024)
    expect(stderr.endsWith('end\n')).toBe(true)
  })

  test('a reader who comes late gets everything, also of a program that has ended', async () => {
    await using program = await host.run('sh', ['-c', 'echo first; sleep 0.1; echo last'])
    await sleep(400)
    expect(Buffer.concat(await program.stdout.toArray()).toString()).toBe('first\nlast\n')
    expect(await program.ended).toMatchObject({ exitCode: 0 })
  })

  test('a program waits for a reader who is slow', async () => {
    await using program = await host.run('yes', [])
    await sleep(300)
    expect(program.stdout.readableLength).toBeLessThan(1024 * 1024)
  })

  test('leaving the scope ends a program, its output read or not', async () => {
    let ended
    {
      await using program = await host.run('yes', [])
      ;({ ended } = program)
    }
    expect(await ended).toMatchObject({ exitCode: undefined, signal: expect.stringMatching(/SIGTERM|SIGPIPE/) })
  })

  test('an aborted signal ends a program, and `ended` still resolves', async () => {
    const abort = new AbortController()
    await using program = await host.run('sleep', ['60'], { signal: abort.signal })
    program.stdout.resume()
    abort.abort()
    expect(await program.ended).toMatchObject({ signal: 'SIGTERM' })
  })

  test('a private file is for its owner only and is removed', async () => {
    let path
    {
      await using file = await host.privateFile('secret')
      ;({ path } = file)
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      // Also for a program that reads it twice.
      expect((await programOutput(host, 'cat', [path, path])).stdout).toBe('secretsecret')
      // Without a name nothing of it can be left behind.
      expect((await stat(path)).nlink).toBe(process.platform === 'linux' ? 0 : 1)
    }
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
