import { rootCertificates } from 'node:tls'

import type { Host } from '../host/host.ts'
import { passwordOf } from './connection-options.ts'
import type { TlsOptions } from './connection-options.ts'
import type { Server } from './server.ts'

/**
 * Runs `use` with the arguments that make a client program connect: an option file that only its owner can read, so that
 * no password stands on a command line. They must come first. Nothing is left of the file afterwards.
 */
export async function withOptionFile<Result>(
  server: Pick<Server, 'dialect' | 'tools'>,
  use: (connectionArguments: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const { host, connection } = server.tools
  await using files = new AsyncDisposableStack()
  const lines = [
    '[client]',
    `user=${quoteOption(connection.user)}`,
    `password=${quoteOption(await passwordOf(connection))}`,
    ...(connection.socketPath === undefined
      ? ['protocol=tcp', `host=${quoteOption(connection.host ?? '127.0.0.1')}`, `port=${connection.port ?? 3306}`]
      : [`socket=${quoteOption(connection.socketPath)}`]),
    ...server.dialect.tlsOptionLines(connection.ssl, await tlsFiles(host, connection.ssl, files)),
    // An account's name is sent in this character set; the default is what the locale says. Not in [client]: the binlog
    // programs read that too and do not know the option. MariaDB's programs read these groups as well.
    ...['mysqldump', 'mysql'].flatMap((group) => [`[${group}]`, 'default-character-set=utf8mb4']),
    // What the server says to the client is read for secrets. Still in the group of the client.
    `init-command="SET SESSION lc_messages = 'en_US'"`,
  ]
  const file = files.use(await host.privateFile(`${lines.join('\n')}\n`))
  return await use([`--defaults-file=${file.path}`])
}

async function tlsFiles(
  host: Host,
  ssl: TlsOptions | undefined,
  files: AsyncDisposableStack,
): Promise<Partial<Record<'ca' | 'cert' | 'key', string>>> {
  if (ssl === undefined) return {}
  const paths: Partial<Record<'ca' | 'cert' | 'key', string>> = {}
  for (const [name, text] of Object.entries({ ca: authorities(ssl), cert: ssl.cert, key: ssl.key })) {
    if (text === undefined) continue
    const file = files.use(await host.privateFile(text))
    paths[name as 'ca' | 'cert' | 'key'] = file.path
  }
  return paths
}

/** The programs verify nothing without a list of authorities; ours is the one that Node trusts by itself. */
function authorities({ ca, rejectUnauthorized = true }: TlsOptions): string | undefined {
  return ca ?? (rejectUnauthorized ? rootCertificates.join('\n') : undefined)
}

/**
 * Quotes a value of an option file: without quotes a `#` would begin a comment, and a backslash escapes also inside them.
 * See [Using Option Files](https://dev.mysql.com/doc/refman/en/option-files.html).
 */
function quoteOption(value: string): string {
  const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return `"${value.replaceAll(/[\\"\n\r\t]/g, (character) => escapes[character] ?? character)}"`
}
