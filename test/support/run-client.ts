import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestServer } from './servers/index.ts'

/**
 * The lines a client program of a server's own flavour writes, one after the other. `names` are tried in order where
 * the programs lie: `mariadb-binlog`, then `mysqlbinlog`.
 *
 * @throws Error with the end of its stderr when the program fails or complains.
 */
export async function* clientLines(
  { clientPrograms, connection }: TestServer,
  names: readonly string[],
  args: readonly string[],
): AsyncGenerator<string> {
  // The programs write times in their own zone.
  const environment = { TZ: 'UTC', MYSQL_PWD: connection.password }
  const [program, allArgs] =
    clientPrograms.kind === 'local'
      ? [await find(clientPrograms.path, names), args]
      : [
          'docker',
          [
            'exec',
            ...setEnvironment(environment),
            clientPrograms.container,
            'sh',
            '-c',
            SHELL,
            names.join(' '),
            ...args,
          ],
        ]
  const child = spawn(program, allArgs, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
  yield* createInterface({ input: child.stdout.setEncoding('utf8'), crlfDelay: Infinity })
  const [code] = await closed
  if (code !== 0 || stderr.trim() !== '') throw new Error(`${program} ended with ${code}: ${stderr}`)
}

// The first of the names ($0) that is in the container, with the arguments that follow.
const SHELL = 'for name in $0; do command -v "$name" >/dev/null && exec "$name" "$@"; done; exit 127'

function setEnvironment(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`])
}

async function find(folders: readonly string[], names: readonly string[]): Promise<string> {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      const there = await access(path).then(
        () => true,
        () => false,
      )
      if (there) return path
    }
  }
  throw new Error(`none of ${names.join(', ')} is in ${folders.join(', ')}`)
}
