import type { ContainerRuntimeClient } from 'testcontainers'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeLeftContainers, startContainer } from './docker-server.ts'
import { messageOf, ProviderUnavailable } from './errors.ts'
import type { Flavor, Provider } from './types.ts'

const ENGINE_TIMEOUT_MS = 10_000
// The official images are some hundred megabytes; two test processes may wait for the same one.
const PULL_TIMEOUT_MS = 300_000

/** Servers in containers of the official images; their client programs run inside them. */
export const dockerProvider: Provider = {
  name: 'docker',
  async prepare(flavor) {
    const image = process.env[IMAGE[flavor].variable] ?? IMAGE[flavor].image
    const client = await engine()
    await removeLeftContainers(client)
    await makeImageReady(client, image, flavor)
    return async (options) => startContainer(client, flavor, image, options)
  },
}

const IMAGE: Readonly<Record<Flavor, { readonly variable: string; readonly image: string }>> = {
  mysql: { variable: 'MYSQL_PITR_MYSQL_IMAGE', image: 'mysql:9' },
  mariadb: { variable: 'MYSQL_PITR_MARIADB_IMAGE', image: 'mariadb:11.8' },
}

/** The container engine, with testcontainers' reaper at work, which removes the containers of test processes that died. */
async function engine(): Promise<ContainerRuntimeClient> {
  try {
    // Loaded only here: it is large, and most runs find their servers without it.
    const { getContainerRuntimeClient, getReaper } = await import('testcontainers')
    const client = await within(ENGINE_TIMEOUT_MS, getContainerRuntimeClient())
    await within(PULL_TIMEOUT_MS, getReaper(client))
    return client
  } catch (error) {
    throw new ProviderUnavailable(
      `no container engine answers: ${messageOf(error)}`,
      'start Docker (without a registry for its helper image also set TESTCONTAINERS_RYUK_DISABLED=true)',
      error,
    )
  }
}

async function makeImageReady(client: ContainerRuntimeClient, image: string, flavor: Flavor): Promise<void> {
  const { ImageName } = await import('testcontainers')
  const name = ImageName.fromString(image)
  let why = 'the engine ended the download without it'
  try {
    await within(PULL_TIMEOUT_MS, client.image.pull(name))
    if (await client.image.exists(name)) return
  } catch (error) {
    why = messageOf(error)
  }
  throw new ProviderUnavailable(
    `the engine has no image ${image} and cannot pull it: ${why}`,
    `a registry that can be reached, or an image at hand named by ${IMAGE[flavor].variable}`,
  )
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const timeout = new AbortController()
  try {
    return await Promise.race([
      work,
      sleep(timeoutMs, undefined, { signal: timeout.signal }).then(() => {
        throw new Error(`no answer in ${timeoutMs} ms`)
      }),
    ])
  } finally {
    timeout.abort()
  }
}
