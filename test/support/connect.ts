import { connectServer, containerHost, localHost } from '../../src/index.ts'
import type { Host, Server } from '../../src/index.ts'
import type { TestServer } from './servers/index.ts'

/** What {@link connect} may be told beside the server. */
export interface ConnectAs {
  /** @default the administrator */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Where client programs run. @default where the server's own are */
  readonly host?: Host | undefined
}

/** Connects the library to a test server. */
export async function connect(server: TestServer, as: ConnectAs = {}): Promise<Server> {
  const { connection, toolsConnection = connection } = server
  const account = { user: as.user ?? connection.user, password: as.password ?? connection.password }
  return await connectServer({
    connection: { ...connection, ...account },
    tools: { host: as.host ?? toolsHost(server), connection: { ...toolsConnection, ...account } },
  })
}

/** Where the client programs of a test server are. */
function toolsHost({ clientPrograms }: TestServer): Host {
  return clientPrograms.kind === 'local' ? localHost(clientPrograms) : containerHost(clientPrograms)
}
