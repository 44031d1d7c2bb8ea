import { constants } from 'node:fs'
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

import type { Host, PrivateFile } from './host.ts'
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
    run: (program, args, runOptions = {}) => runProgram(program, args, runOptions),
    privateFile,
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

async function privateFile(content: string): Promise<PrivateFile> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql-pitr-'))
  const path = join(folder, 'file')
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true })
  try {
    await chmod(folder, 0o700)
    await writeFile(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    await remove()
    throw error
  }
  return { path, [Symbol.asyncDispose]: remove }
}
