import { containerHost } from '../../../src/host/container-host.ts'
import type { Host } from '../../../src/host/host.ts'
import { localHost } from '../../../src/host/local-host.ts'
import { connectServer } from '../../../src/server/connect-server.ts'
import type { ConnectionOptions } from '../../../src/server/connection-options.ts'
import type { Server } from '../../../src/server/server.ts'
import type { TestServer } from '../../support/servers/index.ts'

/** Connects to a test server as its administrator, or with some of the options changed. */
export async function connected(to: TestServer, changes: Partial<ConnectionOptions> = {}): Promise<Server> {
  const tools = { host: toolsHost(to), connection: { ...to.connection, ...to.toolsConnection, ...changes } }
  return connectServer({ connection: { ...to.connection, ...changes }, tools })
}

/** Where the client programs of a test server are. */
function toolsHost({ clientPrograms }: TestServer): Host {
  return clientPrograms.kind === 'local'
    ? localHost({ path: clientPrograms.path })
    : containerHost({ container: clientPrograms.container })
}
