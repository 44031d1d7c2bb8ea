import { PitrError } from '../errors.ts'
import { containerPrivateFile } from './container-private-file.ts'
import type { Host } from './host.ts'
import { programOutput } from './program-output.ts'
import { runInContainer } from './run-in-container.ts'
import { PROGRAM_ENVIRONMENT } from './run-program.ts'

/** What {@link containerHost} takes. */
export interface ContainerHostOptions {
  /** Name or id of a running container. */
  readonly container: string
  /** The command line of the container engine. @default 'docker' */
  readonly engine?: 'docker' | 'podman' | undefined
}

/**
 * A running container: client programs run inside it, through the engine's `exec`. Connections of the programs are made
 * from there, so the server's address inside the container may differ: see `tools.connection` of `connectServer`. The
 * container needs `sh`, `cat`, `rm` and `sleep`.
 *
 * @example
 * ```ts
 * const host = containerHost({ container: 'shop-db' })
 * const server = await connectServer({ connection, tools: { host, connection: { host: '127.0.0.1', port: 3306 } } })
 * ```
 */
export function containerHost(options: ContainerHostOptions): Host {
  const { container, engine = 'docker' } = options
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(container)) {
    throw new PitrError('InvalidArgument', {
      subject: container,
      message: `"${container}" is not the name or id of a container`,
      hint: `Use what "${engine} ps" shows.`,
    })
  }
  const host: Host = {
    description: `container ${container}`,
    async findProgram(names) {
      for (const name of names) {
        // `command -v` is the shell's own; the name is an argument of a constant script, never part of it.
        const { exitCode, stdout } = await programOutput(host, 'sh', ['-c', 'command -v -- "$1"', 'sh', name])
        if (exitCode === 0 && stdout.trim() !== '') return stdout.trim()
      }
      return undefined
    },
    run: async (program, args, { env, signal } = {}) =>
      await runInContainer({ engine, container }, program, args, { env: { ...PROGRAM_ENVIRONMENT, ...env }, signal }),
    privateFile: async (content) => await containerPrivateFile(host, content),
  }
  return host
}
