import { connectServer, containerHost, localHost } from '../../src/index.ts'
import type { Server, ServerOptions } from '../../src/index.ts'
import type { TestServer } from '../support/servers/index.ts'

/** An account of a server. */
export interface Account {
  readonly user: string
  readonly password: string
}

/** Connects the library to a server of the test support, as an account of it. */
export async function connect(server: TestServer, account?: Account): Promise<Server> {
  return connectServer(optionsFor(server, account))
}

/** What `connectServer` takes for a server of the test support. */
export function optionsFor(server: TestServer, { user, password }: Account = server.connection): ServerOptions {
  const { connection, clientPrograms, toolsConnection } = server
  return {
    connection: { ...connection, user, password },
    tools: {
      host: clientPrograms.kind === 'local' ? localHost(clientPrograms) : containerHost(clientPrograms),
      // In a container the client programs see the server at another address.
      connection: { ...(toolsConnection ?? connection), user, password },
    },
  }
}
