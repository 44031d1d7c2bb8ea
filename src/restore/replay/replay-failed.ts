import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import { PitrError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { ProgramEnd } from '../../host/host.ts'
import { describeEnd } from '../../host/program-failure.ts'
import { withoutSecrets } from '../../secrets.ts'
import { refusalOf, withoutValues } from '../../server/refusal.ts'
import type { RowDifference } from '../../server/row-comparison/logged-rows.ts'
import type { TableRef } from '../../server/row-comparison/table-facts.ts'

/** In a message. */
const TABLES_NAMED = 5

/** Where a replay was when it failed. */
export interface ReplayPlace {
  /** The binlog file that is being sent; undefined behind the last one. */
  readonly file: string | undefined
  /** The last transaction that was sent whole; the server may be behind it, by what lay in the pipes. */
  readonly last: TransactionRef | undefined
  /** The transactions of which one was refused, as far as that is known. */
  readonly failed?: readonly TransactionRef[] | undefined
  /** The tables these touch, as `database.table`. */
  readonly tables?: readonly string[] | undefined
}

/** A replay that a program ended: keeps its exit status and what it said, but for statements and rows. */
export function replayFailed(program: string, end: ProgramEnd, complaint: string, place: ReplayPlace): PitrError {
  const { message, details } = describeEnd(program, { ...end, stderr: refusalOf(complaint).said })
  return failure(message, place, details)
}

/** A replay whose programs all said that it went well, and did not. */
export function replayIncomplete(reason: string, place: ReplayPlace): PitrError {
  return failure(reason, place, {})
}

/** What servers answer to a statement. */
const ANSWERS: readonly ErrorCode[] = ['QueryFailed', 'ConnectionFailed', 'MissingPrivilege', 'AccessDenied']

/** A statement that the server did not take, or could not answer; any other error as it is. */
export function refusedByServer(what: string, error: unknown, place: ReplayPlace): unknown {
  if (!(error instanceof PitrError) || !ANSWERS.includes(error.code)) return error
  const { errno, sqlState } = error.details
  const number = typeof errno === 'number' ? errno : undefined
  const head = number === undefined ? '' : `ERROR ${number} (${typeof sqlState === 'string' ? sqlState : 'HY000'}): `
  // The driver's words: ours would quote the statement.
  const words = error.cause instanceof Error ? error.cause.message : error.message
  const said = withoutValues(withoutSecrets(`${head}${words}`), number)
  const lost = error.code === 'ConnectionFailed' ? 'the connection was lost: ' : ''
  const details = { errno, sqlState, said, answer: error.code }
  return failure(`the server did not take ${what}: ${lost}${said}`, place, details)
}

/** A row event. */
export interface EventRef {
  readonly position: BinlogPosition
  /** GTID of its transaction. */
  readonly gtid: string | undefined
}

/** A row of the target is not what the log says it was. Names no value but whole numbers of its key: others may be private. */
export function rowDiffers(
  { database, table }: TableRef,
  { isMissing, columns, key }: RowDifference,
  { event, ...place }: ReplayPlace & { readonly event: EventRef },
): PitrError {
  const name = `${database}.${table}`
  const named = key.map(({ column, value }) => (value === undefined ? column : `${column}=${value}`)).join(', ')
  const how = isMissing
    ? `the target has no row of ${name} with the key (${named}), which the log changes`
    : `the row of ${name} with the key (${named}) is not what the log says it was: it differs in ${columns.join(', ')}`
  return failure(
    `${how} (${describeEvent(event)})`,
    place,
    detailsOf(event, { table: name, isMissing, columns, key }),
    DRIFT,
  )
}

/** A table of the target has other columns than the log says. */
export function columnsDiffer(
  { database, table, loggedColumns }: TableRef & { readonly loggedColumns: number },
  columns: number,
  { event, ...place }: ReplayPlace & { readonly event: EventRef },
): PitrError {
  const name = `${database}.${table}`
  const how = `${name} has ${loggedColumns} columns on the target and ${columns} in the log`
  return failure(
    `${how} (${describeEvent(event)})`,
    place,
    detailsOf(event, { table: name, loggedColumns, columns }),
    DRIFT,
  )
}

const DRIFT =
  'The target is not what the source was there: the backup does not belong to this log, or somebody wrote to one of the servers without logging it. Find out which; a restore without verifyBefore replays over it.'

function describeEvent({ position, gtid }: EventRef): string {
  return `row event at ${formatBinlogPosition(position)}${gtid === undefined ? '' : ` of ${gtid}`}`
}

function detailsOf(
  { position, gtid }: EventRef,
  details: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return { ...details, event: position, gtid }
}

function failure(
  reason: string,
  place: ReplayPlace,
  details: Readonly<Record<string, unknown>>,
  hint = 'Remove the cause and run the same restore again on this target.',
): PitrError {
  const { file, last, failed = [], tables } = place
  const sent =
    last === undefined
      ? 'no transaction had been sent whole'
      : `the last transaction sent was ${last.gtid ?? formatBinlogPosition(last.end)}`
  return new PitrError('ReplayFailed', {
    subject: failed[0] === undefined ? (file ?? 'the binary logs') : formatBinlogPosition(failed[0].start),
    message: `the replay failed ${describePlace(place)} (${sent}): ${reason}`,
    hint,
    details: { file, last, failed: failed.length === 0 ? undefined : [failed[0], failed.at(-1)], tables, ...details },
  })
}

function describePlace({ file, failed = [], tables = [] }: ReplayPlace): string {
  const [first] = failed
  if (first === undefined) return file === undefined ? 'at its end' : `in or before ${file}`
  if (failed.length === 1) {
    const touching = tables.length === 0 ? '' : `, which touches ${listed(tables)}`
    return `in the transaction ${describe(first)}${touching}`
  }
  return `in one of ${failed.length} transactions that were applied together, from ${describe(first)} to ${describe(failed.at(-1)!)}`
}

function listed(tables: readonly string[]): string {
  const more = tables.length - TABLES_NAMED
  return `${tables.slice(0, TABLES_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function describe({ gtid, start, commitTime }: TransactionRef): string {
  return `${gtid === undefined ? '' : `${gtid} `}at ${formatBinlogPosition(start)}, committed at ${String(commitTime)}`
}
