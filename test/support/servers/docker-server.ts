import type { ContainerRuntimeClient } from 'testcontainers'
import { createConnection } from 'mysql2/promise'
import type { Connection, ConnectionOptions } from 'mysql2/promise'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ADMINISTRATOR, randomPassword, versionOf } from './administrator.ts'
import { messageOf, serverError } from './errors.ts'
import { forgetHistory } from './history.ts'
import { isAlive } from './lock.ts'
import { freePort } from './ports.ts'
import { serverOptions, zoneOf } from './server-options.ts'
import type { Flavor, StartOptions, TestServer } from './types.ts'

type Container = ReturnType<ContainerRuntimeClient['container']['getById']>

// Which process of which machine a container belongs to.
const OWNER_LABEL = 'mysql-pitr.test-process'
const OWNER = `${hostname()}:${process.pid}`

// Shorter than a test's set-up may take, so that what is wrong is told.
const START_TIMEOUT_MS = 120_000
const PORT = 3306

/** Starts a server in a container and waits until its image's own preparation is over. */
export async function startContainer(
  client: ContainerRuntimeClient,
  flavor: Flavor,
  image: string,
  { options, timeZone }: StartOptions,
): Promise<TestServer> {
  const { GenericContainer, Wait } = await import('testcontainers')
  const password = randomPassword()
  const port = await freePort()
  const started = await new GenericContainer(image)
    .withEnvironment({ ...rootAccount(flavor, password), ...zoneOf(timeZone) })
    .withLabels({ [OWNER_LABEL]: OWNER })
    .withCommand([...serverOptions(flavor, options)])
    // A port of our choice: the engine would choose another one whenever the server is started again.
    .withExposedPorts({ container: PORT, host: port })
    // Whether it is ready, only a log-in tells: the engine's proxy listens before the server does.
    .withWaitStrategy(Wait.forAll([]))
    .start()
  const container = client.container.getById(started.getId())
  const host = started.getHost() === 'localhost' ? '127.0.0.1' : started.getHost()
  const waitFor = async (account: ConnectionOptions): Promise<Connection> =>
    logIn(container, { host, port, ...account })
  const remove = async (): Promise<void> => {
    await container.remove({ force: true, v: true })
  }
  try {
    await using root = closing(await waitFor({ user: 'root', password }))
    await createAdministrator(root.connection, flavor, password)
    const administrator = { user: ADMINISTRATOR, password }
    return {
      flavor,
      version: await versionOf(root.connection),
      provider: 'docker',
      connection: { host, port, ...administrator },
      clientPrograms: { kind: 'container', container: started.getId() },
      toolsConnection: { host: '127.0.0.1', port: PORT, ...administrator },
      async kill(signal) {
        await container.kill({ signal })
        if (signal === 'SIGKILL' || signal === 'SIGTERM') await container.wait()
      },
      async restart() {
        await container.restart({ t: 60 })
        await (await waitFor(administrator)).end()
      },
      [Symbol.asyncDispose]: remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/**
 * Removes the containers of this machine's test processes that were killed. Testcontainers' reaper does that at once,
 * but it can be disabled.
 */
export async function removeLeftContainers({ container: { dockerode } }: ContainerRuntimeClient): Promise<void> {
  for (const { Id: id, Labels: labels } of await dockerode.listContainers({
    all: true,
    filters: { label: [OWNER_LABEL] },
  })) {
    const [host, pid] = labels[OWNER_LABEL]?.split(':') ?? []
    if (host === hostname() && !isAlive(Number(pid))) await dockerode.getContainer(id).remove({ force: true, v: true })
  }
}

// The names both official images read; without time zone tables, which the servers of other providers lack as well.
function rootAccount(flavor: Flavor, password: string): Record<string, string> {
  const prefix = flavor === 'mysql' ? 'MYSQL' : 'MARIADB'
  return { [`${prefix}_ROOT_PASSWORD`]: password, [`${prefix}_INITDB_SKIP_TZINFO`]: '1' }
}

async function createAdministrator(root: Connection, flavor: Flavor, password: string): Promise<void> {
  await root.query('SET SESSION sql_log_bin = 0')
  await root.query(`CREATE USER '${ADMINISTRATOR}'@'%' IDENTIFIED BY ?`, [password])
  await root.query(`GRANT ALL PRIVILEGES ON *.* TO '${ADMINISTRATOR}'@'%' WITH GRANT OPTION`)
  await forgetHistory(root, flavor)
}

/** Logs in as soon as the server lets us; fails with its log when its container stops or time runs out. */
async function logIn(container: Container, options: ConnectionOptions): Promise<Connection> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(100)) {
    try {
      return await createConnection({ ...options, connectTimeout: 5_000 })
    } catch (error) {
      const { State: state, Name: name } = await container.inspect()
      if (state.Running && Date.now() < deadline) continue
      const how = state.Running ? 'takes no connection' : `ended while it started (exit code ${state.ExitCode})`
      throw serverError(
        `the server in container ${name.replace('/', '')} ${how}: ${messageOf(error)}`,
        await logOf(container),
        error,
      )
    }
  }
}

// What there is now: testcontainers' own logs() follows, and may wait for ever on a container that is just ending.
async function logOf(container: Container): Promise<string> {
  const log = await container.logs({ follow: false, stdout: true, stderr: true, tail: 50 })
  // Each write of the program stands behind eight bytes that tell its stream and length.
  const parts: string[] = []
  for (let at = 0; at + 8 <= log.length; at += 8 + log.readUInt32BE(at + 4)) {
    parts.push(log.toString('utf8', at + 8, at + 8 + log.readUInt32BE(at + 4)))
  }
  return parts.join('')
}

function closing(connection: Connection): AsyncDisposable & { readonly connection: Connection } {
  return { connection, [Symbol.asyncDispose]: async () => connection.end() }
}
