import { EventEmitter } from 'node:events'
import { outgoingPacket, PACKET_HEADER_BYTES } from './raw-commands.ts'
import type { IncomingPacket, OutgoingPacket, RawCommands } from './raw-commands.ts'

const COM_BINLOG_DUMP = 0x12
/** BINLOG_DUMP_NON_BLOCK: an EOF packet at the end of the log instead of waiting; BINLOG_SEND_ANNOTATE_ROWS_EVENT (MariaDB). */
const DUMP_FLAGS = 1 | 2
const EOF_MARKER = 0xfe
const ERROR_MARKER = 0xff
/** An EOF packet is short; an event that begins with the same byte is not. */
const EOF_MAX_BYTES = 9

/** The connection is paused while this much waits to be taken: bounds memory to this and one event. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024

/**
 * COM_BINLOG_DUMP as a command of mysql2: its own one throws the bytes away. Queues events with back-pressure; the
 * server's id in the request is 0, which makes it end at the end of its log and count us as no replica.
 */
export class BinlogDump extends EventEmitter {
  readonly #request: { readonly file: string; readonly offset: number }
  #connection: RawCommands | undefined
  #started = false
  #events: Buffer[] = []
  #bytes = 0
  #paused = false
  #ended = false
  #error: Error | undefined
  #waiting: (() => void) | undefined

  constructor(request: { readonly file: string; readonly offset: number }) {
    super()
    this.#request = request
  }

  /** Sends the request. */
  start(connection: RawCommands): void {
    this.#connection = connection
    connection.on('error', (error) => this.fail(error))
    connection.addCommand(this)
  }

  /** All events that have arrived, at least one; undefined at the end of the log. Rejects with the driver's error. */
  async next(): Promise<readonly Buffer[] | undefined> {
    while (this.#events.length === 0) {
      if (this.#error !== undefined) throw this.#error
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => (this.#waiting = resolve))
    }
    const events = this.#events
    this.#events = []
    this.#bytes = 0
    if (this.#paused) {
      this.#paused = false
      this.#connection?.stream.resume()
    }
    return events
  }

  /** Ends the stream with an error; behind its end nothing fails any more: MariaDB hangs up right after it. */
  fail(error: unknown): void {
    if (this.#ended) return
    this.#error ??= error instanceof Error ? error : new Error('the stream was stopped', { cause: error })
    this.#wake()
  }

  /** Called by mysql2 for each packet; true ends the command. */
  execute(packet: IncomingPacket | undefined, connection: RawCommands): boolean {
    if (!this.#started) {
      this.#started = true
      connection._resetSequenceId()
      connection.writePacket(dumpRequest(this.#request))
      return false
    }
    if (packet === undefined) return false
    const marker = packet.buffer[packet.offset]
    if (marker === ERROR_MARKER) {
      this.fail(packet.asError('utf8'))
      return true
    }
    if (marker === EOF_MARKER && packet.end - packet.offset < EOF_MAX_BYTES) {
      this.#ended = true
      this.#wake()
      return true
    }
    // The parser reuses its buffers, and the first byte is the marker "OK".
    const event = Buffer.from(packet.buffer.subarray(packet.offset + 1, packet.end))
    this.#events.push(event)
    this.#bytes += event.length
    if (this.#bytes >= HIGH_WATER_BYTES && !this.#paused) {
      this.#paused = true
      // The socket and not the connection: mysql2 queues the packets of a paused connection, and when the server hangs up
      // in the meantime it throws them away, the end of the log among them.
      connection.stream.pause()
    }
    this.#wake()
    return false
  }

  /** Called by mysql2 when it describes what it does. */
  stateName(): string {
    return 'binlogDump'
  }

  #wake(): void {
    const wake = this.#waiting
    this.#waiting = undefined
    // The rest of what arrived together is queued before the reader goes on: fewer, larger batches.
    if (wake !== undefined) setImmediate(wake)
  }
}

function dumpRequest({ file, offset }: { readonly file: string; readonly offset: number }): OutgoingPacket {
  const name = Buffer.from(file, 'latin1')
  const buffer = Buffer.alloc(PACKET_HEADER_BYTES + 11 + name.length)
  let at = PACKET_HEADER_BYTES
  at = buffer.writeUInt8(COM_BINLOG_DUMP, at)
  at = buffer.writeUInt32LE(offset, at)
  at = buffer.writeUInt16LE(DUMP_FLAGS, at)
  at = buffer.writeUInt32LE(0, at)
  name.copy(buffer, at)
  return outgoingPacket(buffer)
}
