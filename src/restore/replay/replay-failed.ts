import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import { PitrError } from '../../errors.ts'
import type { ProgramEnd } from '../../host/host.ts'
import { describeEnd } from '../../host/program-failure.ts'
import { withoutSecrets } from '../../secrets.ts'

/** Where a replay was when it failed. */
export interface ReplayPlace {
  /** The binlog file that is being sent; undefined behind the last one. */
  readonly file: string | undefined
  /** The last transaction that was sent whole; the server may be behind it, by what lay in the pipes. */
  readonly last: TransactionRef | undefined
}

/** A replay that a program ended: keeps its exit status and the end of what it said. */
export function replayFailed(program: string, end: ProgramEnd, complaint: string, place: ReplayPlace): PitrError {
  const { message, details } = describeEnd(program, { ...end, stderr: complaint })
  return failure(message, place, details)
}

/** A replay whose programs all said that it went well, and did not. */
export function replayIncomplete(reason: string, place: ReplayPlace): PitrError {
  return failure(reason, place, {})
}

/** A statement that the server did not take, or could not answer; any other error as it is. */
export function refusedByServer(what: string, error: unknown, place: ReplayPlace): unknown {
  if (!(error instanceof PitrError) || !['QueryFailed', 'ConnectionFailed'].includes(error.code)) return error
  const { errno, sqlState } = error.details
  // The driver's words: ours would quote the statement.
  const said = withoutSecrets(error.cause instanceof Error ? error.cause.message : error.message)
  const number =
    typeof errno === 'number' ? `ERROR ${errno} (${typeof sqlState === 'string' ? sqlState : 'HY000'}): ` : ''
  const lost = error.code === 'ConnectionFailed' ? 'the connection was lost: ' : ''
  return failure(`the server did not take ${what}: ${lost}${number}${said}`, place, { errno, sqlState, said })
}

function failure(reason: string, { file, last }: ReplayPlace, details: Readonly<Record<string, unknown>>): PitrError {
  const where = file === undefined ? 'at its end' : `in or before ${file}`
  const sent =
    last === undefined
      ? 'no transaction had been sent whole'
      : `the last transaction sent was ${last.gtid ?? formatBinlogPosition(last.end)}`
  return new PitrError('ReplayFailed', {
    subject: file ?? 'the binary logs',
    message: `the replay failed ${where} (${sent}): ${reason}`,
    hint: 'Remove the cause and run the same restore again: it begins anew on this target.',
    details: { file, last, ...details },
  })
}
