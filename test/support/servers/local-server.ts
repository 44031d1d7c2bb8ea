import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMINISTRATOR, takeOver } from './administrator.ts'
import { createDataDirectory } from './data-directory.ts'
import type { LocalPrograms } from './data-directory.ts'
import { messageOf } from './errors.ts'
import { LocalInstance } from './local-instance.ts'
import { freePort } from './ports.ts'
import { serverOptions, zoneOf } from './server-options.ts'
import { temporaryFolder } from './temporary-folder.ts'
import type { ProviderName, StartOptions, TestServer } from './types.ts'

/** Starts a server whose programs are on this machine, in a temporary folder of its own. */
export async function startLocalServer(
  provider: ProviderName,
  programs: LocalPrograms,
  { options, timeZone }: StartOptions,
): Promise<TestServer> {
  const folder = await temporaryFolder()
  const port = await freePort()
  const instance = new LocalInstance(
    programs.server,
    folder,
    port,
    serverOptions(programs.flavor, options),
    zoneOf(timeZone),
  )
  const end = async (): Promise<void> => {
    // Its data is thrown away: there is nothing to shut down cleanly.
    await instance.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const templatePassword = await createDataDirectory(programs, instance.dataDirectory, options)
    await mkdir(join(folder, 'tmp'))
    await instance.start()
    const { version, password } = await logIn(instance, templatePassword)
    return {
      flavor: programs.flavor,
      version,
      provider,
      connection: { host: '127.0.0.1', port, user: ADMINISTRATOR, password },
      socketPath: instance.socketPath,
      dataDirectory: instance.dataDirectory,
      clientPrograms: { kind: 'local', path: programs.path },
      kill: async (signal) => instance.kill(signal),
      restart: async () => instance.restart(),
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function logIn(instance: LocalInstance, password: string): ReturnType<typeof takeOver> {
  try {
    return await takeOver({ socketPath: instance.socketPath, user: ADMINISTRATOR, password })
  } catch (error) {
    throw await instance.failure(`the administrator could not log in: ${messageOf(error)}`, error)
  }
}
