import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

import { PitrError } from '../../errors.ts'
import type { ProgramEnd, RunningProgram } from '../../host/host.ts'
import { programFailure } from '../../host/program-failure.ts'
import type { BackupPart } from '../../image/backup-image.ts'
import { throwIfAborted } from '../../options.ts'
import { ProgressMeter } from '../../progress.ts'
import { clientProgram } from '../../server/client-programs.ts'
import { withOptionFile } from '../../server/option-file.ts'
import { refusalOf } from '../../server/refusal.ts'
import type { LoadContext } from '../backup-method.ts'
import { complaintOf } from './complaint.ts'
import { programName } from './program-name.ts'

/** Longer than the answer to our last statement. */
const ANSWER_BYTES = 1024

/**
 * Feeds a dump to one client program in one session without a binary log. A dump is untrusted input: the client runs no
 * commands of its own, and our last statement must be answered by the session we began. Throws `LoadFailed`.
 */
export async function loadData(context: LoadContext, part: BackupPart): Promise<void> {
  const { server, signal } = context
  const { dump } = server.dialect
  const program = await clientProgram(server, 'client')
  const token = randomUUID()
  const answer = `${token}:0`

  await withOptionFile(server, async (connectionArguments) => {
    await using client = await server.tools.host.run(program.path, [...connectionArguments, ...dump.loadArguments], {
      signal,
    })
    const output = lastBytes(client)
    const sent = await send(client, script(context, part, token))
    const [end, said] = await Promise.all([client.ended, output])

    throwIfAborted(signal, 'the restore')
    const complaint = complaintOf(end.stderr, dump.harmlessComplaints)
    // What the reader of the part found out is the cause, also of what the client makes of a torn input.
    if (sent.kind === 'unreadable') throw sent.error
    if (end.exitCode !== 0 || complaint !== '') throw refused(programName(program), { ...end, stderr: complaint })
    if (sent.kind === 'cut' || said.split('\n').at(-2) !== answer) throw unproved(programName(program), said)
  })
}

/** The dump between what makes the session ours and the question whether it still is. */
async function* script(context: LoadContext, part: BackupPart, token: string): AsyncGenerator<Uint8Array> {
  const { server, startTime, readPart, signal, onProgress } = context
  const meter = new ProgressMeter('restore:load', part.name, onProgress, { totalBytes: part.blob.content.bytes })
  if (server.tools.fence !== undefined) yield Buffer.from(`${server.tools.fence};\n`)
  yield Buffer.from(
    `${server.dialect.dump.beforeLoad.map((sql) => `${sql};\n`).join('')}SET @mysql_pitr_load = '${token}';\n`,
  )
  // An event whose time is over by now would be disabled or thrown away while it is made, without an error.
  yield Buffer.from(`SET SESSION timestamp = ${Math.floor(startTime.epochMicroseconds / 1_000_000)};\n`)
  for await (const chunk of readPart(part)) {
    throwIfAborted(signal, 'the restore')
    yield chunk
    meter.add(chunk.length)
  }
  // As a number: MariaDB writes a switch as text when it is concatenated. On a line of its own; inside an open quote, comment or delimiter it is not answered. The answer comes from the first
  // session, to its end, and tells whether anything switched its binary log on.
  yield Buffer.from("\n\nSELECT CONCAT(@mysql_pitr_load, ':', IF(@@SESSION.sql_log_bin, 1, 0));\n")
  meter.finish()
}

type Sent = { readonly kind: 'whole' | 'cut' } | { readonly kind: 'unreadable'; readonly error: unknown }

/** Writes with back-pressure; stops when the client is gone, whose end says why. */
async function send(client: RunningProgram, bytes: AsyncIterable<Uint8Array>): Promise<Sent> {
  const gone = new AbortController()
  const closed = once(client.stdin, 'close').then(() => gone.abort())
  closed.catch(() => gone.abort())
  try {
    for await (const chunk of bytes) {
      if (!client.stdin.writable || !(await written(client.stdin, chunk, gone.signal))) return { kind: 'cut' }
    }
  } catch (error) {
    // Not ended but killed: at the end of its input a client runs the last statement as far as it came.
    await client[Symbol.asyncDispose]()
    return { kind: 'unreadable', error }
  }
  client.stdin.end()
  return { kind: 'whole' }
}

async function written(stdin: Writable, chunk: Uint8Array, gone: AbortSignal): Promise<boolean> {
  if (stdin.write(chunk)) return true
  try {
    await once(stdin, 'drain', { signal: gone })
    return true
  } catch {
    return false
  }
}

async function lastBytes({ stdout }: RunningProgram): Promise<string> {
  let tail = Buffer.alloc(0)
  try {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      tail = Buffer.concat([tail, chunk]).subarray(-ANSWER_BYTES)
    }
  } catch {
    // A killed client tears its pipe; what is missing of its answer is what counts.
    return ''
  }
  return tail.toString('utf8')
}

function refused(program: string, end: ProgramEnd): PitrError {
  return programFailure(
    'LoadFailed',
    program,
    { ...end, stderr: refusalOf(end.stderr).said },
    'The target refused a part of the backup and holds a part of it only. If it lost its connection, look at max_allowed_packet and the error log of the target; then restore again.',
  )
}

function unproved(program: string, said: string): PitrError {
  return new PitrError('LoadFailed', {
    subject: program,
    message: said.includes(':1\n')
      ? 'the dump switched the binary log of its session on'
      : `${program} ended without an error, but the statement behind the dump was not answered: the dump is not complete in itself`,
    hint: 'Do not use this target. The dump was damaged or made by somebody else; choose another image.',
  })
}
