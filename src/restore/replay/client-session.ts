import { randomBytes } from 'node:crypto'
import { complaintOf } from '../../backup/mysqldump/complaint.ts'
import { programName } from '../../backup/mysqldump/program-name.ts'
import type { PitrError } from '../../errors.ts'
import type { RunningProgram } from '../../host/host.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { replayDialect } from '../../server/flavor/replay-dialect-of.ts'
import { quoteString } from '../../server/quote.ts'
import type { Server } from '../../server/server.ts'
import { LastBytes } from './last-bytes.ts'
import { PrintedLines } from './printed-lines.ts'
import type { EventPlace } from './printed-lines.ts'
import { refusalOf } from '../../server/refusal.ts'
import { replayFailed, replayIncomplete } from './replay-failed.ts'
import type { ReplayPlace } from './replay-failed.ts'
import { PipeClosed, writeInput } from './write-input.ts'

/** Enough for the last line of output; the log itself may make the client print more, which nobody needs. */
const OUTPUT_TAIL_BYTES = 1024

/** One client program, and so one session of the server, that executes everything it is sent in order. */
export interface ClientSession extends AsyncDisposable {
  /** Sends SQL. Throws `ReplayFailed` with the client's own words when it ended. */
  send(sql: Uint8Array | string): Promise<void>
  /** Sends the last statements and waits until they were executed. Throws `ReplayFailed` when anything before them was not. */
  finish(statements: readonly string[]): Promise<void>
}

/** What {@link openClientSession} takes. */
export interface ClientSessionOptions {
  readonly server: Server
  /** What makes the client connect; they come first. */
  readonly connectionArguments: readonly string[]
  /** Where the replay is, asked when something fails, and at which event if that is known. */
  readonly place: (at?: EventPlace) => ReplayPlace
  readonly signal?: AbortSignal | undefined
}

/**
 * Starts the client. The log is untrusted input: binary mode leaves the client no command but `\C` and DELIMITER, and it
 * stops at the first error ([mysql client options](https://dev.mysql.com/doc/refman/en/mysql-command-options.html)).
 */
export async function openClientSession(options: ClientSessionOptions): Promise<ClientSession> {
  const { server, connectionArguments, place, signal } = options
  const dialect = replayDialect(server.flavor)
  const found = await clientProgram(server, 'client')
  const program = programName(found)
  const client = await server.tools.host.run(found.path, [...connectionArguments, ...dialect.clientArguments], {
    signal,
  })
  const output = new LastBytes(OUTPUT_TAIL_BYTES)
  const lines = new PrintedLines()
  client.stdout.on('data', (chunk: Uint8Array) => output.add(chunk))

  const failureOf = async (): Promise<PitrError | undefined> => {
    const end = await client.ended
    const complaint = complaintOf(end.stderr, dialect.harmlessComplaints)
    if (end.exitCode === 0 && complaint === '') return undefined
    const { line } = refusalOf(complaint)
    return replayFailed(program, end, complaint, place(line === undefined ? undefined : lines.eventAt(line)))
  }
  const send = async (sql: Uint8Array | string): Promise<void> => {
    lines.add(Buffer.from(sql), place().file)
    try {
      await writeInput(client.stdin, sql)
    } catch (error) {
      if (!(error instanceof PipeClosed)) throw error
      throw (await failureOf()) ?? replayIncomplete(`${program} ended early without a reason`, place())
    }
  }
  const first = [...(server.tools.fence === undefined ? [] : [server.tools.fence]), ...dialect.beforeReplay]
  await send(first.map((statement) => `${statement};\n`).join(''))
  return {
    send,
    async finish(statements) {
      const nonce = randomBytes(16).toString('hex')
      const last = [...server.dialect.sessionAfterReplay, ...statements, `SELECT ${quoteString(nonce)}`]
      await send(`\n${last.join(';\n')};\n`)
      await ended(client)
      const failure = await failureOf()
      if (failure !== undefined) throw failure
      // Exit status 0 says that no statement failed, this line that the last one was executed.
      if (output.text().trimEnd().split('\n').at(-1) !== nonce) {
        throw replayIncomplete(`${program} ended without executing the last statement`, place())
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function ended(client: RunningProgram): Promise<void> {
  client.stdin.end()
  await client.ended
}
