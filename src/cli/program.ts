import { readFile } from 'node:fs/promises'
import { PitrError } from '../index.ts'
import { optionHelp, readCommandLine, requireKnown } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { archive } from './commands/archive.ts'
import { backup } from './commands/backup.ts'
import { images } from './commands/images.ts'
import { plan } from './commands/plan.ts'
import { release } from './commands/release.ts'
import { restore } from './commands/restore.ts'
import { transactions } from './commands/transactions.ts'
import { window } from './commands/window.ts'
import type { Command } from './context.ts'
import { EXIT_OK, exitCodeOf } from './exit-codes.ts'
import { ProgressLine } from './progress-line.ts'

// A Map: `mysql-pitr constructor` must not find what every object has.
const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ backup, archive, images, window, transactions, plan, restore, release }),
)
const COMMON = ['json', 'quiet', 'help'] as const

/** What surrounds the program. */
export interface Surroundings {
  /** Takes results. */
  readonly stdout: Pick<NodeJS.WriteStream, 'write'>
  /** Takes progress, warnings and errors. */
  readonly stderr: NodeJS.WriteStream
  /** Stops the operation in order. */
  readonly signal: AbortSignal
}

/** The whole program: does what the arguments say and gives the exit code. Never rejects. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const progress = new ProgressLine(surroundings.stderr)
  let json = args.includes('--json')
  try {
    const line = readCommandLine(args)
    json = line.options.json === true
    await runCommand(line, progress, surroundings)
    return EXIT_OK
  } catch (error) {
    progress.close()
    surroundings.stderr.write(`${describeError(error, json)}\n`)
    return exitCodeOf(error)
  }
}

async function runCommand(
  { command: name, options }: CommandLine,
  progress: ProgressLine,
  { stdout, stderr, signal }: Surroundings,
): Promise<void> {
  if (options.version === true && name === undefined) {
    stdout.write(`${await version()}\n`)
    return
  }
  const command = COMMANDS.get(name ?? '')
  if (options.help === true || name === undefined) {
    stdout.write(`${name === undefined || command === undefined ? generalHelp() : commandHelp(name, command)}\n`)
    return
  }
  if (command === undefined) {
    throw new PitrError('InvalidArgument', {
      subject: name,
      message: `there is no command "${name}"`,
      hint: `The commands are: ${[...COMMANDS.keys()].join(', ')}.`,
    })
  }
  requireKnown(name, options, [...command.options, ...COMMON])

  await command.run({
    options,
    operation: {
      signal,
      onProgress: options.quiet === true ? undefined : progress.show,
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (message) => stderr.write(`warning: ${message}\n`),
      },
    },
    print: (text, toJson) => {
      progress.close()
      stdout.write(`${options.json === true ? JSON.stringify(toJson()) : text()}\n`)
    },
  })
}

/** Of the package this file is a part of. */
async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

function describeError(error: unknown, json: boolean): string {
  if (json) return JSON.stringify({ error: errorAsJson(error) })
  if (error instanceof PitrError) return `${error.code}: ${error.message}\n  hint: ${error.hint}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function errorAsJson(error: unknown): unknown {
  return error instanceof PitrError
    ? error.toJSON()
    : { message: error instanceof Error ? error.message : String(error) }
}

function generalHelp(): string {
  const width = Math.max(...[...COMMANDS.keys()].map((name) => name.length)) + 2
  return [
    'mysql-pitr: point-in-time recovery for MySQL and MariaDB',
    '',
    'usage: mysql-pitr COMMAND [OPTIONS]',
    '',
    ...[...COMMANDS].map(([name, { help }]) => `  ${name.padEnd(width)}${help}`),
    '',
    'exit codes: 0 done, 1 failed, 2 usage, 3 archive, 4 server, 5 target left marked, 130 stopped',
    'mysql-pitr COMMAND --help shows the options of a command, mysql-pitr --version the version',
  ].join('\n')
}

function commandHelp(name: string, { help, options }: Command): string {
  return [`mysql-pitr ${name}: ${help}`, '', optionHelp([...options, ...COMMON])].join('\n')
}
