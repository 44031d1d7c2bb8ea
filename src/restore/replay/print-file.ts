import { bytesForFile } from '../../binlog/bytes-for-file.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { complaintOf } from '../../backup/mysqldump/complaint.ts'
import { programName } from '../../backup/mysqldump/program-name.ts'
import type { RunningProgram } from '../../host/host.ts'
import type { ClientProgram } from '../../server/client-programs.ts'
import { replayDialect } from '../../server/flavor/replay-dialect-of.ts'
import type { Server } from '../../server/server.ts'
import { endMark } from './end-mark.ts'
import { LastBytes } from './last-bytes.ts'
import { replayFailed, replayIncomplete } from './replay-failed.ts'
import type { ReplayPlace } from './replay-failed.ts'
import type { ReplayFile } from './replayer.ts'
import { PipeClosed, writeInput } from './write-input.ts'

/** The program's last words behind the end mark are some 300 bytes. */
const OUTPUT_TAIL_BYTES = 4096

/** What {@link printFile} takes. */
export interface PrintFileOptions {
  readonly server: Server
  /** The binlog program. */
  readonly program: ClientProgram
  readonly file: ReplayFile
  /** Takes the printed SQL. */
  readonly send: (sql: Uint8Array) => Promise<void>
  /** Told of the bytes the program took, and of the transactions that end in them. */
  readonly onSent: (bytes: number, transactions: readonly Transaction[]) => void
  readonly place: () => ReplayPlace
  readonly signal?: AbortSignal | undefined
}

/**
 * Has the binlog program print one file as SQL. It gets the file's head and then only the bytes of the wanted
 * transactions: it prints just these, so that start and stop are ours and not a matter of its options. Throws
 * `ReplayFailed` when it complained or did not show the end mark, or the error of the reader or of `send`.
 */
export async function printFile(options: PrintFileOptions): Promise<void> {
  const { server, file, place, signal } = options
  const program = programName(options.program)
  const dialect = replayDialect(server.flavor)
  const mark = endMark(file.head, file.format.checksum)
  const output = new LastBytes(OUTPUT_TAIL_BYTES)
  await using running = await server.tools.host.run(options.program.path, dialect.binlogArguments, { signal })
  try {
    await both([feed(running, mark.event, options), drain(running, output, options)], running)
  } catch (error) {
    // A torn pipe is a consequence: how the program ended says why, below.
    if (!(error instanceof PipeClosed)) throw error
  }
  const end = await running.ended
  const complaint = complaintOf(end.stderr, dialect.harmlessComplaints)
  // MariaDB's program exits with 0 also when it found a wrong checksum: what it says counts.
  if (end.exitCode !== 0 || complaint !== '') throw replayFailed(program, end, complaint, place())
  if (!output.text().includes(mark.text)) {
    throw replayIncomplete(`${program} did not read ${file.file} to its end`, place())
  }
}

async function feed(running: RunningProgram, mark: Uint8Array, { file, onSent }: PrintFileOptions): Promise<void> {
  await writeInput(running.stdin, file.head)
  for await (const { events, transactions } of file.transactions()) {
    await writeInput(running.stdin, Buffer.concat(events.map((event) => bytesForFile(event, file.format))))
    onSent(
      events.reduce((bytes, { offset, end }) => bytes + end - offset, 0),
      transactions,
    )
  }
  await writeInput(running.stdin, mark)
  running.stdin.end()
}

async function drain(running: RunningProgram, output: LastBytes, { send }: PrintFileOptions): Promise<void> {
  for await (const chunk of running.stdout as AsyncIterable<Uint8Array>) {
    output.add(chunk)
    await send(chunk)
  }
}

/** Waits for both; when one fails, ends the program so that the other comes to its end too, and throws the first error. */
async function both(tasks: readonly Promise<void>[], running: RunningProgram): Promise<void> {
  try {
    await Promise.all(tasks)
  } catch (error) {
    if (!(error instanceof PipeClosed)) await running[Symbol.asyncDispose]()
    await Promise.allSettled(tasks)
    throw error
  }
}
