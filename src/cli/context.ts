import { readFile } from 'node:fs/promises'

import { connectServer, directoryStorage, localHost, PitrError, RecoveryImageManager } from '../index.ts'
import type { ConnectionOptions, OperationOptions, Server, Storage } from '../index.ts'
import { required } from './command-line.ts'
import type { OptionName, Options } from './command-line.ts'

/** What a command works with. */
export interface CommandContext {
  readonly options: Options
  /** Signal, progress and logger: handed to every operation. */
  readonly operation: OperationOptions
  /** Prints a result: `text` for people, `json` with `--json`. */
  readonly print: (text: () => string, json: () => unknown) => void
}

/** One command of the program. */
export interface Command {
  /** What it does, one line. */
  readonly help: string
  /** The options it takes, beside `--json`, `--quiet` and `--help`. */
  readonly options: readonly OptionName[]
  /** Does it. */
  run(context: CommandContext): Promise<void>
}

/** The options that say how to reach a server. */
export const SERVER_OPTIONS: readonly OptionName[] = [
  'host',
  'port',
  'socket',
  'user',
  'password-file',
  'ssl-ca',
  'programs',
]

/** Connects to the server the options name. */
export async function connect(options: Options): Promise<Server> {
  if (options.socket !== undefined && (options.host !== undefined || options.port !== undefined)) {
    throw new PitrError('InvalidArgument', {
      subject: '--socket',
      message: '--socket is given together with --host or --port',
      hint: 'Name the server one way.',
    })
  }
  const connection: ConnectionOptions = {
    ...(options.socket === undefined
      ? { host: options.host ?? '127.0.0.1', port: readPort(options.port) }
      : { socketPath: options.socket }),
    user: options.user ?? 'root',
    password: await readPassword(options['password-file']),
    ...(options['ssl-ca'] === undefined ? {} : { ssl: { ca: await readText('--ssl-ca', options['ssl-ca']) } }),
  }
  const host = localHost(options.programs === undefined ? {} : { path: [options.programs] })
  return connectServer({ connection, tools: { host } })
}

/** Opens the archive the options name. */
export async function openArchive({ options, operation }: CommandContext): Promise<RecoveryImageManager> {
  return RecoveryImageManager.open({ storage: archiveStorage(options), ...operation })
}

/** The storage the options name. */
export function archiveStorage(options: Options): Storage {
  if (options.archive === undefined) {
    const path = process.env['MYSQL_PITR_ARCHIVE']
    if (path !== undefined && path !== '') return directoryStorage(path)
  }
  return directoryStorage(required(options, 'archive', 'Name the folder of the archive, or set MYSQL_PITR_ARCHIVE.'))
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? 3306)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new PitrError('InvalidArgument', {
    subject: '--port',
    message: `--port cannot be "${text}"`,
    hint: 'A port is a whole number from 1 to 65535.',
  })
}

async function readPassword(file: string | undefined): Promise<string> {
  if (file === undefined) return process.env['MYSQL_PITR_PASSWORD'] ?? ''
  return (await readText('--password-file', file)).replace(/\r?\n$/, '')
}

/** Reads a file named on the command line. Throws `InvalidArgument`. */
export async function readText(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new PitrError('InvalidArgument', {
      subject: `${option} ${path}`,
      message: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Check the path and its permissions.',
      cause: error,
    })
  }
}
