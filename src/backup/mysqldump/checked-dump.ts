import { addAbortSignal } from 'node:stream'

import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { RunningProgram } from '../../host/host.ts'
import { programFailure } from '../../host/program-failure.ts'
import { PitrError } from '../../errors.ts'
import { throwIfAborted } from '../../options.ts'
import { withoutSecrets } from '../../secrets.ts'
import { complaintOf } from './complaint.ts'
import { DumpFooter } from './dump-footer.ts'
import { DumpHeader, noPosition } from './dump-header.ts'

/** What {@link checkedDump} needs to know and whom it tells. */
export interface CheckedDumpOptions {
  /** Names the program in errors. */
  readonly program: string
  /** Lines on standard error that mean nothing. */
  readonly harmless: readonly RegExp[]
  /** See {@link DumpHeader}. */
  readonly positionLine: RegExp
  /** Awaited once, before the header's bytes are passed on. */
  readonly onPosition: (position: BinlogPosition) => Promise<void>
  /** Called with the size of each chunk. */
  readonly onBytes: (bytes: number) => void
  /** Awaited after the last byte was checked and before the stream ends. */
  readonly onComplete: () => Promise<void>
  readonly signal?: AbortSignal | undefined
}

/**
 * The output of a dump program, passed on unchanged and checked while it streams: position in the header, footer as the
 * last line, exit status 0 and nothing on standard error. The stream throws `DumpIncomplete`, `ProgramFailed` or
 * `Aborted`, so that whoever stores it stores nothing.
 */
export async function* checkedDump(running: RunningProgram, options: CheckedDumpOptions): AsyncGenerator<Uint8Array> {
  const header = new DumpHeader(options.positionLine)
  const footer = new DumpFooter()
  let position: BinlogPosition | undefined
  for await (const chunk of chunksOf(running, options)) {
    if (position === undefined) {
      position = header.add(chunk)
      if (position !== undefined) await options.onPosition(position)
    }
    footer.add(chunk)
    options.onBytes(chunk.length)
    yield chunk
  }
  await checkEnd(running, options)
  if (position === undefined) throw noPosition('it ended before its header did')
  footer.check()
  await options.onComplete()
}

async function* chunksOf(running: RunningProgram, options: CheckedDumpOptions): AsyncGenerator<Uint8Array> {
  // A killed program's own children may keep the pipe open.
  if (options.signal !== undefined) addAbortSignal(options.signal, running.stdout)
  try {
    for await (const chunk of running.stdout) {
      throwIfAborted(options.signal, 'the backup')
      yield chunk as Uint8Array
    }
  } catch (error) {
    // A torn pipe is a consequence: how the program ended says why.
    await checkEnd(running, options)
    throw error
  }
}

// 1412 Table definition has changed, 1146 Table doesn't exist: what the snapshot of a table says that was altered or
// dropped since. https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html. The third: the dump program asked
// for the columns before and for the rows behind the change.
const REDEFINED =
  /Error 1412: .* dumping table `(?<altered>[^`]+)`|Table '(?<dropped>[^']+)' doesn't exist \(1146\)|Error in field count for table: `(?<counted>[^`]+)`/

function ddlDuringDump(table: string, complaint: string): PitrError {
  return new PitrError('DdlDuringBackup', {
    subject: table,
    message: `the definition of ${table} changed while the backup was taken: ${withoutSecrets(complaint).slice(0, 500)}`,
    hint: 'No image was made. Take the backup when no DDL runs.',
    details: { table },
  })
}

async function checkEnd(
  running: RunningProgram,
  { program, harmless, signal: abort }: CheckedDumpOptions,
): Promise<void> {
  // An aborted program ends by a signal: the abort is the reason, not the program.
  throwIfAborted(abort, 'the backup')
  const { exitCode, signal, stderr } = await running.ended
  throwIfAborted(abort, 'the backup')
  const complaint = complaintOf(stderr, harmless)
  if (exitCode === 0 && complaint === '') return
  const redefined = REDEFINED.exec(complaint)?.groups
  if (redefined !== undefined) {
    throw ddlDuringDump(redefined['altered'] ?? redefined['dropped'] ?? redefined['counted'] ?? program, complaint)
  }
  throw programFailure(
    'ProgramFailed',
    program,
    { exitCode, signal, stderr: complaint },
    'Nothing of this backup was kept. Remove the cause and take it again; a warning counts as a failure, because what it warns of may be missing.',
  )
}
