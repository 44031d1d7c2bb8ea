import { crc32 } from 'node:zlib'

import { FIRST_EVENT_OFFSET, formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import { throwIfAborted } from '../../options.ts'
import { closeConnection, openConnection, rawConnection } from '../open-connection.ts'
import { asDriverError, queryError } from '../query-error.ts'
import type { Server } from '../server.ts'
import { BinlogDump } from './binlog-dump.ts'

/** One event as the server sends it. */
export interface BinlogPacket {
  /** The binlog file it lies in. */
  readonly file: string
  /** The whole event, header and checksum included. */
  readonly bytes: Buffer
}

/** What {@link readBinlogStream} takes. */
export interface BinlogStreamOptions {
  /** Where to begin: an event boundary of a file the server has. */
  readonly from: BinlogPosition
  /** Ends the stream with `Aborted`. */
  readonly signal?: AbortSignal | undefined
}

/** The position of COM_BINLOG_DUMP has four bytes. */
const MAX_DUMP_OFFSET = 0xff_ff_ff_ff
/** ER_MASTER_FATAL_ERROR_READING_BINLOG: the file is gone, or the position is not in it. */
const FATAL_READING_BINLOG = 1236
const ROTATE_EVENT = 4
const HEADER_BYTES = 19
const CHECKSUM_BYTES = 4
const FILE_NAME = /^[^/\0]+\.\d{6,}$/
/**
 * Events a server makes up for replicas, when their `log_pos` is 0: rotate, format description, heartbeats, MariaDB's
 * Gtid_list and Start_encryption. Of other types it may be 0 in the file as well: MariaDB writes row events so.
 */
const MADE_UP_TYPES = new Set([ROTATE_EVENT, 15, 27, 41, 163, 164])

/**
 * Reads a server's binary log from a position to its present end, across files, over the replication protocol: what lies
 * in the files, byte for byte, also when they are encrypted on disk. Events a server makes up for replicas
 * are dropped. Yields what has arrived, in batches; leaving the loop closes the connection.
 *
 * The magic bytes at the start of a file are not events and not sent. The in-use flag of a format description is as the
 * server has it at that moment.
 *
 * Throws `BinlogGap` when the server does not have the file, `QueryFailed` when it cannot read it from there,
 * `MissingPrivilege`, `ConnectionFailed`.
 * See [COM_BINLOG_DUMP](https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump.html).
 */
export async function* readBinlogStream(
  server: Server,
  { from, signal }: BinlogStreamOptions,
): AsyncGenerator<readonly BinlogPacket[], void, undefined> {
  throwIfAborted(signal, 'reading the binary log')
  if (from.offset > MAX_DUMP_OFFSET) throw tooFar(from)
  const connection = await openConnection(server.connection)
  await using _connection = { [Symbol.asyncDispose]: async () => await closeConnection(connection, 'at once') }
  for (const statement of server.dialect.beforeBinlogDump) await connection.query(statement)

  const dump = new BinlogDump({ file: from.file, offset: Math.max(from.offset, FIRST_EVENT_OFFSET) })
  using _abort = onAbort(signal, () => dump.fail(signal?.reason))
  dump.start(rawConnection(connection))

  let { file } = from
  for (;;) {
    throwIfAborted(signal, 'reading the binary log')
    let events: readonly Buffer[] | undefined
    try {
      events = await dump.next()
    } catch (error) {
      throwIfAborted(signal, 'reading the binary log')
      throw streamError(from, error)
    }
    if (events === undefined) return
    const packets: BinlogPacket[] = []
    for (const bytes of events) {
      if (!isMadeUp(bytes)) packets.push({ file, bytes })
      // The rotate that is made up says which file comes now.
      else if (bytes[4] === ROTATE_EVENT) file = rotateTarget(bytes)
    }
    if (packets.length > 0) yield packets
  }
}

function isMadeUp(event: Buffer): boolean {
  return event.readUInt32LE(13) === 0 && MADE_UP_TYPES.has(event[4] ?? 0)
}

/** The file a rotate event names: what lies between header, eight bytes of position, and a checksum when there is one. */
function rotateTarget(event: Buffer): string {
  const name = event.subarray(HEADER_BYTES + 8, event.length - checksumBytes(event)).toString('latin1')
  if (FILE_NAME.test(name)) return name
  throw new PitrError('CorruptBinlog', {
    subject: 'rotate event',
    message: 'the server sent a rotate event that names no binlog file',
    hint: 'Run the operation again; when it stays, check the network between and the server.',
  })
}

/**
 * Whether an event carries a checksum is told by a format description, which comes only behind the rotate. The checksum
 * itself tells as well; its bytes can look like digits of the name.
 */
function checksumBytes(event: Buffer): number {
  const end = event.length - CHECKSUM_BYTES
  return end > HEADER_BYTES && crc32(event.subarray(0, end)) === event.readUInt32LE(end) ? CHECKSUM_BYTES : 0
}

function onAbort(signal: AbortSignal | undefined, listener: () => void): Disposable {
  signal?.addEventListener('abort', listener)
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', listener) }
}

function streamError(from: BinlogPosition, error: unknown): PitrError {
  if (error instanceof PitrError) return error
  const { errno, message } = asDriverError(error)
  if (errno !== FATAL_READING_BINLOG) return queryError('COM_BINLOG_DUMP', error)
  const place = formatBinlogPosition(from)
  // Everything else the server cannot read has this number too; only its words tell. They are constants of the server,
  // not of its message files: sql/rpl_binlog_sender.cc, sql/sql_repl.cc.
  const missing = message.includes('Could not find first log file name')
  return new PitrError(missing ? 'BinlogGap' : 'QueryFailed', {
    subject: place,
    message: missing
      ? `the server no longer has its binary log file ${from.file}: ${message}`
      : `the server cannot read its binary log from ${place}: ${message}`,
    hint: missing
      ? 'The file was purged: compare with SHOW BINARY LOGS.'
      : 'No event begins at this position, or the file is damaged on the server: try mysqlbinlog --verify-binlog-checksum there.',
    details: { errno, from },
    cause: error,
  })
}

function tooFar(from: BinlogPosition): PitrError {
  return new PitrError('UnsupportedEvent', {
    subject: formatBinlogPosition(from),
    message: `${formatBinlogPosition(from)} lies beyond 4 GiB, where the replication protocol cannot begin`,
    hint: 'Such a file holds one giant transaction. Archiving can go on behind it with a new archive.',
  })
}
