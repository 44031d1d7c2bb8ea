import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containerHost } from '../../src/host/container-host.ts'
import type { Host } from '../../src/host/host.ts'
import { programOutput } from '../../src/host/program-output.ts'

// Of an engine only what counts here: its command line is another process than the program, which outlives it when it is
// killed. With MYSQL_PITR_TEST_CONTAINER a real container (with a Debian or Oracle Linux in it) is used instead.
const STANDS_FOR_AN_ENGINE = `#!/bin/sh
shift 2
while [ "$1" = --env ]; do export "$2"; shift 2; done
shift
exec 3<&0
setsid "$@" <&3 &
wait $!
`

const REAL = process.env['MYSQL_PITR_TEST_CONTAINER']
const PATH = process.env['PATH']

let folder: string
let host: Host

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'container-host-'))
  const engine = join(folder, 'docker')
  await writeFile(engine, STANDS_FOR_AN_ENGINE)
  await chmod(engine, 0o755)
  if (REAL === undefined) process.env['PATH'] = `${folder}${delimiter}${PATH}`
  host = containerHost({ container: REAL ?? 'any' })
})

afterAll(async () => {
  process.env['PATH'] = PATH
  await rm(folder, { recursive: true })
})

describe('a container as a host', () => {
  test('runs a program with arguments and variables as they are; its output is its own', async () => {
    const script = 'printf "%s|%s|%s|%s" "$1" "$LC_ALL" "$OWN" "$(cat)"; echo said >&2; exit 3'
    const args = ['-c', script, 'sh', '$(id) "\' ;\n-x']
    expect(await programOutput(host, 'sh', args, { env: { OWN: 'a b' }, input: 'input' })).toEqual({
      exitCode: 3,
      signal: undefined,
      stdout: '$(id) "\' ;\n-x|C|a b|input',
      stderr: 'said\n',
    })
  })

  test('a program without output, and one that does not exist', async () => {
    expect(await programOutput(host, 'sh', ['-c', ':'])).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await programOutput(host, 'no-such-program', [])).toMatchObject({ exitCode: 127, stdout: '' })
    expect(await host.findProgram(['no-such-program', 'cat'])).toMatch(/\/cat$/)
  })

  test('passes on megabytes in both directions unchanged', async () => {
    const input = 'line\n'.repeat(400_000)
    await using program = await host.run('cat', [])
    program.stdin.end(input)
    expect(Buffer.concat(await program.stdout.toArray()).toString() === input).toBe(true)
    expect(await program.ended).toMatchObject({ exitCode: 0 })
  })

  test('leaving the scope ends the program itself, before its input is closed', async () => {
    const file = await temporaryFile()
    {
      await using program = await host.run('sh', ['-c', LIVES, 'sh', file])
      expect(await firstChunk(program.stdout)).toBe('alive\n')
      expect(await isAlive(file)).toBe(true)
    }
    await expect.poll(async () => isAlive(file)).toBe(false)
    expect(await contentOf(`${file}.said`)).toBe('ended by a signal\n')
  })

  test('an aborted signal ends the program itself, and `ended` still resolves', async () => {
    const file = await temporaryFile()
    const stop = new AbortController()
    await using program = await host.run('sh', ['-c', LIVES, 'sh', file], { signal: stop.signal })
    expect(await firstChunk(program.stdout)).toBe('alive\n')
    stop.abort()
    await program.ended
    await expect.poll(async () => isAlive(file)).toBe(false)
  })

  test('a program that does not listen is forced', { timeout: 60_000 }, async () => {
    const file = await temporaryFile()
    {
      await using program = await host.run('sh', ['-c', `trap '' TERM; ${STAYS}`, 'sh', file])
      expect(await firstChunk(program.stdout)).toBe('alive\n')
    }
    await expect.poll(async () => isAlive(file)).toBe(false)
  })

  test('a signal that was aborted before leaves nothing behind', async () => {
    const file = await temporaryFile()
    await using program = await host.run('sh', ['-c', LIVES, 'sh', file], { signal: AbortSignal.abort() })
    await program.ended
    await expect.poll(async () => isAlive(file)).toBe(false)
  })

  test('a private file has no name, is for its owner only, and is gone on dispose', async () => {
    const content = ' first\\n%s line\n\n"é"\nrest'
    let path
    {
      await using file = await host.privateFile(content)
      ;({ path } = file)
      expect(await contentOf(path)).toBe(content)
      expect(await contentOf(path)).toBe(content)
      expect(await outputOf('stat', '-L', '-c', '%a %h', path)).toBe('600 0\n')
    }
    expect(await contentOf(path)).toBe('')
  })

  test('of a private file nothing is left when its process is killed', async () => {
    const script = new URL('../support/child/private-file.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, REAL ?? 'any'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const paths = (await firstChunk(child.stdout)).trim().split(' ')
    expect(await contentOf(paths[0]!)).toBe('secret')
    expect(await readFile(paths[1]!, 'utf8')).toBe('secret')
    child.kill('SIGKILL')
    await once(child, 'close')
    await expect.poll(async () => await contentOf(paths[0]!)).toBe('')
    await expect(readFile(paths[1]!)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

// Writes down its process id, and how it ended: by a signal, or by the end of its input.
const STAYS = 'echo "$$" > "$1"; echo alive; while :; do sleep 0.1; done'
const LIVES = `trap 'echo "ended by a signal" > "$1.said"; exit 1' TERM; ${STAYS}`

let files = 0

/** A path in the container. */
async function temporaryFile(): Promise<string> {
  files += 1
  const path = `/tmp/container-host-${process.pid}-${files}`
  await programOutput(host, 'rm', ['-f', path, `${path}.said`])
  return path
}

async function isAlive(file: string): Promise<boolean> {
  const { exitCode } = await programOutput(host, 'sh', ['-c', 'test -s "$1" && kill -s 0 "$(cat "$1")"', 'sh', file])
  return exitCode === 0
}

async function contentOf(path: string): Promise<string> {
  return await outputOf('cat', path)
}

async function outputOf(program: string, ...args: readonly string[]): Promise<string> {
  return (await programOutput(host, program, args)).stdout
}

async function firstChunk(stdout: Readable): Promise<string> {
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) return String(chunk)
  return ''
}
