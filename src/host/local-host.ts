import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

import type { Host } from './host.ts'
import { localPrivateFile } from './local-private-file.ts'
import { runProgram } from './run-program.ts'

/** What {@link localHost} takes. */
export interface LocalHostOptions {
  /** Folders that are searched for programs before those of `PATH`. @default none */
  readonly path?: readonly string[] | undefined
}

/**
 * This machine: client programs from `PATH`, temporary files in the system's folder for them.
 *
 * @example
 * ```ts
 * const server = await connectServer({ connection, tools: { host: localHost({ path: ['/opt/mysql/bin'] }) } })
 * ```
 */
export function localHost(options: LocalHostOptions = {}): Host {
  const folders = [...(options.path ?? []), ...(process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)]
  return {
    description: 'this machine',
    async findProgram(names) {
      for (const name of names) {
        for (const folder of folders) {
          const file = join(folder, name)
          if (await isExecutable(file)) return file
        }
      }
      return undefined
    },
    run: async (program, args, runOptions = {}) => await runProgram(program, args, runOptions),
    privateFile: localPrivateFile,
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
