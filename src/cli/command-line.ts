import { parseArgs } from 'node:util'

import { PitrError } from '../index.ts'

/** Options that are followed by a value. */
type ValueName =
  | 'archive'
  | 'host'
  | 'port'
  | 'socket'
  | 'user'
  | 'password-file'
  | 'ssl-ca'
  | 'programs'
  | 'databases'
  | 'time'
  | 'before'
  | 'after'
  | 'position'
  | 'ambiguous'
  | 'skipped-gtids'
  | 'plan'
  | 'out'
  | 'accounts'
  | 'isolation'
  | 'durability'
  | 'replayer'
  | 'from'
  | 'to'
  | 'table'
  | 'kind'

/** Options that are followed by a value, and may be given several times. */
type ListName = 'skip' | 'only-database' | 'only-table'

/** Options that are there or not. */
type SwitchName =
  | 'create'
  | 'lock'
  | 'latest'
  | 'exclusive'
  | 'json'
  | 'quiet'
  | 'help'
  | 'version'
  | 'preserve-transactions'
  | 'verify-before'

/** Name of an option. */
export type OptionName = ValueName | ListName | SwitchName

/** The options given, by name; switches are `true`. */
export type Options = {
  readonly [Name in OptionName]?: Name extends ValueName ? string : Name extends ListName ? readonly string[] : true
}

/** One option of the command line: its value's name (none for a switch) and what it does. */
interface OptionHelp {
  readonly value?: string
  readonly help: string
  /** Whether it may be given several times. */
  readonly many?: boolean
  /** Its one letter. */
  readonly short?: string
}

/** Every option of every command, in the order the help shows them. */
const OPTIONS: Readonly<
  Record<ValueName, OptionHelp & { readonly value: string; readonly many?: never }> &
    Record<ListName, OptionHelp & { readonly value: string; readonly many: true }> &
    Record<SwitchName, OptionHelp & { readonly value?: never; readonly many?: never }>
> = {
  archive: { value: 'DIR', help: 'folder of the archive (or MYSQL_PITR_ARCHIVE)' },
  create: { help: 'make the archive when there is none' },
  host: { value: 'NAME', help: 'server to connect to (default 127.0.0.1)' },
  port: { value: 'N', help: 'its port (default 3306)' },
  socket: { value: 'PATH', help: 'its local socket, instead of host and port' },
  user: { value: 'NAME', help: 'account to connect with (default root)' },
  'password-file': { value: 'PATH', help: 'file with the password (default: the variable MYSQL_PITR_PASSWORD)' },
  'ssl-ca': { value: 'PATH', help: 'certificate authority; turns TLS on' },
  programs: { value: 'DIR', help: 'folder of the client programs, when they are not on PATH' },
  databases: { value: 'A,B', help: 'back up only these databases' },
  lock: { help: 'lock all tables during the backup: needed for tables without transactions' },
  latest: { help: 'restore everything that is archived' },
  time: { value: 'TIME', help: 'restore to this moment, as 2026-11-21T10:15:30.123456Z; an offset is required' },
  exclusive: { help: 'with --time: leave out what committed exactly then' },
  before: { value: 'GTID', help: 'restore to just before this transaction' },
  after: { value: 'GTID', help: 'restore to just after this transaction' },
  position: { value: 'FILE:OFFSET', help: 'restore to this binlog position' },
  ambiguous: { value: 'first|last', help: 'when several places in the log fit a time: stop at the first or the last' },
  skip: {
    value: 'GTID|FILE:OFFSET',
    help: 'leave out this transaction, named by its GTID or by where it begins; may be given several times',
    many: true,
  },
  'skipped-gtids': {
    value: 'missing|executed',
    help: 'whether the restored server counts the GTIDs of what was skipped as executed (default missing)',
  },
  'only-database': {
    value: 'NAME',
    help: 'restore this database and nothing else; may be given several times',
    many: true,
  },
  'only-table': {
    value: 'DB.TABLE',
    help: 'restore this table and nothing else; may be given several times',
    many: true,
  },
  plan: { value: 'FILE', help: 'restore this saved plan' },
  out: { value: 'FILE', help: 'save the plan as JSON' },
  accounts: {
    value: 'all|none',
    help: 'whether the accounts of the backup are restored (default all; none with --only-...)',
  },
  isolation: { value: 'lift|keep', help: 'whether the restored server is opened for others at once (default lift)' },
  durability: {
    value: 'full|relaxed',
    help: 'whether the target waits for its disk while it is restored (default relaxed)',
  },
  replayer: {
    value: 'direct|mysqlbinlog',
    help: "how the log is replayed: in large batches, or through the server's own program (default direct)",
  },
  'preserve-transactions': {
    help: 'keep each transaction one in the log of the target, for replicas that get it from there',
  },
  'verify-before': {
    help: 'compare every row with the log before it is changed, and fail where the target is another one',
  },
  from: { value: 'TIME', help: 'only transactions committed at or after this moment' },
  to: { value: 'TIME', help: 'only transactions committed at or before this moment' },
  table: { value: 'DB.TABLE', help: 'only transactions that touched this table' },
  kind: { value: 'KIND', help: 'only this kind: row, ddl, statement, mixed, empty, xa' },
  json: { help: 'print JSON, one document (one line a transaction for "transactions")' },
  quiet: { help: 'print no progress' },
  help: { help: 'print this (-h)', short: 'h' },
  version: { help: 'print the version of the program' },
}

/** The command line, read. */
export interface CommandLine {
  /** The command, when one was given. */
  readonly command: string | undefined
  /** Its options. */
  readonly options: Options
}

/** Reads the command line. Throws `InvalidArgument` for whatever it does not know: a mistyped option must not be ignored. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals, tokens } = parse(args)
  const names = tokens.filter((token) => token.kind === 'option').map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index && !isList(name))
  if (twice !== undefined) throw unreadable(`Option '--${twice}' is given twice`)
  const [command, second] = positionals
  if (second !== undefined) throw unreadable(`Unexpected argument behind "${command}"`)
  return { command, options: values }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      tokens: true,
      options: Object.fromEntries(
        Object.entries<OptionHelp>(OPTIONS).map(([name, { value, short, many = false }]) => [
          name,
          {
            type: value === undefined ? ('boolean' as const) : ('string' as const),
            multiple: many,
            ...(short === undefined ? {} : { short }),
          },
        ]),
      ),
    })
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error), error)
  }
}

function isList(name: string): boolean {
  return Object.entries<OptionHelp>(OPTIONS).some(([known, { many }]) => known === name && many === true)
}

// Neither subject nor message quotes a value: somebody may have typed a password there.
function unreadable(message: string, cause?: unknown): PitrError {
  return new PitrError('InvalidArgument', {
    subject: 'the command line',
    message,
    hint: 'See mysql-pitr --help. Passwords are read from MYSQL_PITR_PASSWORD or --password-file.',
    cause,
  })
}

/** Throws `InvalidArgument` when an option is given that the command does not take. */
export function requireKnown(command: string, options: Options, known: readonly OptionName[]): void {
  const foreign = Object.keys(options).find((name) => !known.includes(name as OptionName))
  if (foreign === undefined) return
  throw new PitrError('InvalidArgument', {
    subject: `--${foreign}`,
    message: `"${command}" takes no option --${foreign}`,
    hint: `It takes: ${known.map((name) => `--${name}`).join(' ')}.`,
  })
}

/** The value of an option that must be there. Throws `InvalidArgument`. */
export function required(options: Options, name: OptionName, hint: string): string {
  const value = options[name]
  if (typeof value === 'string' && value !== '') return value
  throw new PitrError('InvalidArgument', { subject: `--${name}`, message: `--${name} is missing`, hint })
}

/** One of a few words. Throws `InvalidArgument`. */
export function choice<const Word extends string>(
  options: Options,
  name: OptionName,
  words: readonly Word[],
): Word | undefined {
  const value = options[name]
  if (value === undefined) return undefined
  const word = words.find((candidate) => candidate === value)
  if (word !== undefined) return word
  throw new PitrError('InvalidArgument', {
    subject: `--${name}`,
    message: `--${name} cannot be "${String(value)}"`,
    hint: `Use one of: ${words.join(', ')}.`,
  })
}

/** Help lines for these options. */
export function optionHelp(names: readonly OptionName[]): string {
  const rows = names.map((name) => {
    const { value, help }: OptionHelp = OPTIONS[name]
    return [`  --${name}${value === undefined ? '' : ` ${value}`}`, help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => left.padEnd(width) + right).join('\n')
}
