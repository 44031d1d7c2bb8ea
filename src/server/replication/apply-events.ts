import { EventEmitter } from 'node:events'
import { outgoingPacket, PACKET_HEADER_BYTES } from './raw-commands.ts'
import type { IncomingPacket, OutgoingPacket, RawCommands } from './raw-commands.ts'

const COM_QUERY = 0x03
/** Of servers that take attributes with a statement: there are none, in one set. */
const CLIENT_QUERY_ATTRIBUTES = 0x08000000
const NO_ATTRIBUTES = [0, 1]
const OK_MARKER = 0x00
const ERROR_MARKER = 0xff
/** Encoded at once. A multiple of three bytes is encoded like what comes behind it does not matter. */
const PIECE_BYTES = 3 * 16 * 1024

/**
 * A [BINLOG](https://dev.mysql.com/doc/refman/en/binlog.html) statement as a command of mysql2, which applies events as they
 * are. Every row event in it must come behind the Table_map of its table in the same statement: without, MySQL 9.7 crashes and
 * MariaDB 11.8 drops rows in silence.
 *
 * Its text is made in the packet itself. As a string it would be in memory three times, and no string of this process has
 * more than 2^29 - 24 characters.
 */
export class ApplyEvents extends EventEmitter {
  readonly #done = Promise.withResolvers<void>()
  #events: readonly Uint8Array[]
  #started = false

  constructor(events: readonly Uint8Array[]) {
    super()
    this.#events = events
  }

  /** Sends it. Resolves when it was executed; rejects with the driver's error. */
  async run(connection: RawCommands): Promise<void> {
    connection.addCommand(this)
    await this.#done.promise
  }

  /** Called by mysql2 for each packet; true ends the command. */
  execute(packet: IncomingPacket | undefined, connection: RawCommands): boolean {
    if (!this.#started) {
      this.#started = true
      connection._resetSequenceId()
      const flags = connection.config.clientFlags & (connection.serverCapabilityFlags ?? 0)
      connection.writePacket(binlogRequest(this.#events, (flags & CLIENT_QUERY_ATTRIBUTES) !== 0))
      this.#events = []
      return false
    }
    if (packet === undefined) return false
    const marker = packet.buffer[packet.offset]
    if (marker === OK_MARKER) this.#done.resolve()
    else if (marker === ERROR_MARKER) this.#done.reject(packet.asError('utf8'))
    else this.#done.reject(new Error(`the server answered a BINLOG statement with a packet that begins with ${marker}`))
    return true
  }

  /** Called by mysql2 when the connection is lost. */
  onResult(error: unknown): void {
    this.#done.reject(error)
  }

  /** Called by mysql2 when it describes what it does. */
  stateName(): string {
    return 'applyEvents'
  }
}

/** Length of the text of a BINLOG statement of so many bytes of events. */
function binlogStatementLength(bytes: number): number {
  return BEFORE.length + Math.ceil(bytes / 3) * 4 + BEHIND.length
}

const BEFORE = Buffer.from("BINLOG '")
const BEHIND = Buffer.from("'")

/** The request: COM_QUERY and the text of the statement. */
export function binlogRequest(events: readonly Uint8Array[], hasAttributes: boolean): OutgoingPacket {
  const bytes = events.reduce((sum, { length }) => sum + length, 0)
  const head = Buffer.from([COM_QUERY, ...(hasAttributes ? NO_ATTRIBUTES : []), ...BEFORE])
  const from = PACKET_HEADER_BYTES + head.length
  const buffer = Buffer.allocUnsafe(from + binlogStatementLength(bytes) - BEFORE.length)
  head.copy(buffer, PACKET_HEADER_BYTES)
  // The events wait at the end of the packet: the text, which becomes longer than they are, never comes to what is still to
  // be encoded before that is read.
  const rawFrom = buffer.length - bytes
  let at = rawFrom
  for (const event of events) {
    buffer.set(event, at)
    at += event.length
  }
  let end = from
  for (let raw = rawFrom; raw < buffer.length; raw += PIECE_BYTES) {
    end += buffer.write(buffer.toString('base64', raw, Math.min(raw + PIECE_BYTES, buffer.length)), end, 'latin1')
  }
  BEHIND.copy(buffer, end)
  return outgoingPacket(buffer)
}
