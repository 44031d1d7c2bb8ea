import type { EventEmitter } from 'node:events'

/** The parts of mysql2's connection that a command of our own needs. */
export interface RawCommands {
  addCommand(command: EventEmitter): void
  writePacket(packet: OutgoingPacket): void
  _resetSequenceId(): void
  readonly config: { readonly clientFlags: number }
  /** What the server said it can, once it is connected. */
  readonly serverCapabilityFlags?: number | undefined
  /** The socket, or what TLS made of it. */
  readonly stream: { pause(): void; resume(): void }
  on(event: 'error', listener: (error: Error) => void): void
}

/** A packet of the server. */
export interface IncomingPacket {
  readonly buffer: Buffer
  /** Of the first byte behind the packet's header. */
  readonly offset: number
  readonly end: number
  isError(): boolean
  asError(encoding: string): Error
}

/** A packet for the server. */
export interface OutgoingPacket {
  readonly buffer: Buffer
  length(): number
  writeHeader(sequenceId: number): void
}

/** Length and sequence number come before what a packet says. */
export const PACKET_HEADER_BYTES = 4
/** What is longer goes in several packets; of these the last one is shorter, if need be empty. */
const MAX_PACKET_BYTES = 2 ** 24 - 1

/** A packet for the server; room for its header is at its beginning. */
export function outgoingPacket(buffer: Buffer): OutgoingPacket {
  const length = buffer.length - PACKET_HEADER_BYTES
  return {
    buffer,
    // mysql2 cuts so many bytes into packets: one more makes it write the empty one.
    length: () => (length > 0 && length % MAX_PACKET_BYTES === 0 ? length + 1 : length),
    writeHeader(sequenceId) {
      buffer.writeUIntLE(length, 0, 3)
      buffer.writeUInt8(sequenceId, 3)
    },
  }
}
