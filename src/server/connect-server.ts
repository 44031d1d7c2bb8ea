import type { Flavor } from '../coordinates/flavor.ts'
import { PitrError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { localHost } from '../host/local-host.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { describeConnection } from './connection-options.ts'
import { dialectOf } from './flavor/dialect-of.ts'
import { openConnection } from './open-connection.ts'
import type { Server, ServerIdentity } from './server.ts'
import { parseServerVersion } from './server-version.ts'
import { asText, Session } from './session.ts'

/** What {@link connectServer} takes. */
export interface ServerOptions {
  /** How to reach the server. */
  readonly connection: ConnectionOptions
  /** Where client programs run, and how they reach the server from there. @default this machine, the same connection */
  readonly tools?: { readonly host: Host; readonly connection?: Partial<ConnectionOptions> | undefined } | undefined
}

/**
 * Connects to a MySQL or MariaDB server and finds out what it is. Throws `ConnectionFailed`, `AccessDenied` or
 * `UnsupportedServer`.
 *
 * @example
 * ```ts
 * await using server = await connectServer({ connection: { host: 'db1', user: 'pitr', password: readSecret } })
 * console.log(server.flavor, server.version.text)
 * ```
 */
export async function connectServer(options: ServerOptions): Promise<Server> {
  const { connection, tools } = options
  const openSession = async (): Promise<Session> => new Session(await openConnection(connection))
  await using session = await openSession()

  const text = (await session.value('SELECT VERSION()')) ?? ''
  const version = parseServerVersion(text)
  const dialect = dialectOf(version)
  if (dialect === undefined) throw unsupported(connection, text)

  return {
    flavor: dialect.flavor satisfies Flavor,
    version,
    dialect,
    identity: await readIdentity(session, dialect.identityColumns),
    account: (await session.value('SELECT CURRENT_USER()')) ?? connection.user,
    connection,
    tools: { host: tools?.host ?? localHost(), connection: { ...connection, ...tools?.connection } },
    openSession,
    openByteSession: async () => new Session(await openConnection(connection, 'bytes')),
    async withSession(work) {
      await using own = await openSession()
      return await work(own)
    },
    // Sessions belong to those who opened them; there is nothing else to close.
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  }
}

async function readIdentity(session: Session, columns: string): Promise<ServerIdentity> {
  const [row = {}] = await session.query(`SELECT ${columns}`)
  const serverUuid = row['serverUuid']
  return {
    serverId: Number(row['serverId']),
    ...(serverUuid === undefined || serverUuid === null ? {} : { serverUuid: asText(serverUuid) }),
    hostname: asText(row['hostname']),
    port: Number(row['port']),
    dataDirectory: asText(row['dataDirectory']),
  }
}

function unsupported(connection: ConnectionOptions, version: string): PitrError {
  return new PitrError('UnsupportedServer', {
    subject: `${describeConnection(connection)} (version ${version})`,
    message: `a server of version ${version} is not supported`,
    hint: 'Supported are MySQL 8.0 and newer and MariaDB 10.6 and newer.',
  })
}
