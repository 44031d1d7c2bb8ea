import { createConnection } from 'mysql2/promise'
import { versionOf } from './administrator.ts'
import { parseServers } from './environment-servers.ts'
import { messageOf, ProviderUnavailable } from './errors.ts'
import { lease } from './lease.ts'
import { packagePrograms } from './packages.ts'
import { pathClients } from './path.ts'
import type { ClientPrograms, Flavor, Provider, ServerConnection, Start } from './types.ts'
import { checkConfiguration, wipe } from './wipe.ts'

// As long as a test of another process may need its server.
const LEASE_TIMEOUT_MS = 150_000

const VARIABLE: Readonly<Record<Flavor, string>> = {
  mysql: 'MYSQL_PITR_MYSQL_SERVERS',
  mariadb: 'MYSQL_PITR_MARIADB_SERVERS',
}

/** Disposable servers that somebody else runs, named by an environment variable; each is wiped for each test. */
export const environmentProvider: Provider = {
  name: 'environment',
  async prepare(flavor) {
    const variable = VARIABLE[flavor]
    const servers = parseServers(variable, process.env[variable] ?? '')
    if (servers.length === 0) {
      throw new ProviderUnavailable(
        `${variable} names no server`,
        `set it to mysql://user:password@host:port of disposable servers, comma separated; THE TESTS WIPE THEM`,
      )
    }
    return startLeased(flavor, variable, servers, await clientPrograms(flavor))
  },
}

// Once a variable names servers, what they cannot do is an error: another server in their place would test something else.
function startLeased(
  flavor: Flavor,
  variable: string,
  servers: readonly ServerConnection[],
  clientPrograms: ClientPrograms,
): Start {
  const cannot = (what: string): Error =>
    new Error(`the servers named by ${variable} cannot ${what}; unset it to let the tests start servers of their own`)
  return async ({ options = [], timeZone }) => {
    if (timeZone !== undefined) throw cannot(`be started in the time zone ${timeZone}`)
    if (options.length > 0) throw cannot(`be started with ${options.join(' ')}`)
    const leased = await lease(servers, placeOf, LEASE_TIMEOUT_MS)
    if (leased === undefined) {
      throw cannot(
        `serve this test: it needs one more than the ${servers.length} there are (or others held them too long)`,
      )
    }
    const { item: connection, lock } = leased
    try {
      const version = await wipeServer(flavor, connection)
      return {
        flavor,
        version,
        provider: 'environment',
        connection,
        clientPrograms,
        kill: async () => Promise.reject(cannot('be killed by a test')),
        restart: async () => Promise.reject(cannot('be started again by a test')),
        async [Symbol.asyncDispose]() {
          // Again, so that nothing of a test stays on a server that is not ours.
          await wipeServer(flavor, connection)
          await lock.release()
        },
      }
    } catch (error) {
      await lock.release()
      throw new Error(`${variable}: ${placeOf(connection)} cannot be used: ${messageOf(error)}`, { cause: error })
    }
  }
}

async function wipeServer(flavor: Flavor, server: ServerConnection): Promise<string> {
  const connection = await createConnection(server)
  try {
    await wipe(connection, flavor, placeOf(server))
    await checkConfiguration(connection, flavor)
    return await versionOf(connection)
  } finally {
    await connection.end()
  }
}

function placeOf({ host, port }: ServerConnection): string {
  return `${host}:${port}`
}

// Such servers may be anywhere, but the client programs run here.
async function clientPrograms(flavor: Flavor): Promise<ClientPrograms> {
  try {
    return { kind: 'local', path: await pathClients(flavor) }
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error
    return { kind: 'local', path: [await packagePrograms(flavor)] }
  }
}
