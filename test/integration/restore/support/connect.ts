import { containerHost } from '../../../../src/host/container-host.ts'
import { localHost } from '../../../../src/host/local-host.ts'
import { connectServer } from '../../../../src/server/connect-server.ts'
import type { Server } from '../../../../src/server/server.ts'
import type { ServerConnection, TestServer } from '../../../support/servers/index.ts'

/** Connects the library to a test server, as its administrator or as another account. */
export async function connect(
  { connection, clientPrograms, toolsConnection = connection }: TestServer,
  account: Partial<Pick<ServerConnection, 'user' | 'password'>> = {},
): Promise<Server> {
  return connectServer({
    connection: { ...connection, ...account },
    tools: {
      host: clientPrograms.kind === 'local' ? localHost(clientPrograms) : containerHost(clientPrograms),
      connection: { ...toolsConnection, ...account },
    },
  })
}
