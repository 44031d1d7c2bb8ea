import type { BinlogEvent } from './event.ts'
import { corruptBinlog, unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'
import { formatUuid, MAX_GTID_NUMBER } from './mysql-gtid.ts'
import type { MysqlGtid } from './mysql-gtid.ts'

// A Gtid_tagged event is written by MySQL's serialization library (libs/mysql/serialization/readme.md): a version, the
// size of the message, the last field a reader must know, then fields, each behind its number. All are integers of
// variable length. The fields and their order: Gtid_event::define_fields in control_events.h.
const Field = {
  Flags: 0,
  Uuid: 1,
  Number: 2,
  Tag: 3,
  LastCommitted: 4,
  SequenceNumber: 5,
  ImmediateCommitTimestamp: 6,
  OriginalCommitTimestamp: 7,
  TransactionLength: 8,
  ImmediateServerVersion: 9,
  OriginalServerVersion: 10,
  CommitGroupTicket: 11,
} as const
const SERIALIZATION_VERSION = 1n
const UUID_BYTES = 16
const MAX_TAG_BYTES = 32
/** See https://dev.mysql.com/doc/refman/en/replication-gtids-concepts.html: what follows a uuid in a tagged GTID. */
const TAG = /^(?:[a-z_][a-z0-9_]*)?$/

/** What a Gtid_tagged event says; it always has a GTID. */
export interface TaggedGtid extends MysqlGtid {
  /** original_commit_timestamp, microseconds since the epoch: when it committed on the server that executed it first. */
  readonly originalCommitMicroseconds: number | undefined
}

/** Reads a Gtid_tagged event (42). */
export function readTaggedGtid(event: BinlogEvent): TaggedGtid {
  const { body } = event
  const message = new SerializedMessage(body, event)
  if (message.integer() !== SERIALIZATION_VERSION) {
    throw unsupportedEvent(event, 'a tagged GTID in an unknown serialization')
  }
  const size = message.number()
  if (size !== body.length) throw corruptBinlog(event, `a tagged GTID of ${size} bytes in ${body.length} bytes`)
  const lastNeeded = message.number()
  if (lastNeeded > Field.CommitGroupTicket) {
    throw unsupportedEvent(event, `a tagged GTID with the unknown field ${lastNeeded}`)
  }

  let uuid: string | undefined
  let number: bigint | undefined
  let tag = ''
  let commitMicroseconds: number | undefined
  let original: number | undefined
  while (message.left > 0) {
    const field = message.number()
    // Fields are in order, so whatever is behind the ones known here can be left alone.
    if (field > Field.CommitGroupTicket) break
    if (field === Field.Uuid) uuid = formatUuid(message.hexBytes(UUID_BYTES))
    else if (field === Field.Number) number = message.signedInteger()
    else if (field === Field.Tag) tag = message.tag()
    else if (field === Field.ImmediateCommitTimestamp) commitMicroseconds = message.number() || undefined
    else if (field === Field.OriginalCommitTimestamp) original = message.number() || undefined
    else message.integer()
  }
  if (uuid === undefined || number === undefined || number <= 0n || number > MAX_GTID_NUMBER) {
    throw corruptBinlog(event, 'a tagged GTID without its parts')
  }
  return {
    gtid: tag === '' ? `${uuid}:${number}` : `${uuid}:${tag}:${number}`,
    commitMicroseconds,
    originalCommitMicroseconds: original ?? commitMicroseconds,
  }
}

/** Reads what MySQL's serialization library writes. */
export class SerializedMessage {
  readonly #bytes: Buffer
  readonly #place: LogPlace
  #at: number

  constructor(bytes: Buffer, place: LogPlace, at = 0) {
    this.#bytes = bytes
    this.#place = place
    this.#at = at
  }

  /** Index of the next byte. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** An unsigned integer: the ones at the low end of the first byte tell how many bytes follow it; the rest is the value. */
  integer(): bigint {
    const first = this.#byte()
    const following = trailingOnes(first)
    let value = BigInt(first) >> BigInt(following + 1)
    // With 7 or 8 bytes following, nothing of the value is in the first.
    const shift = BigInt(Math.max(0, 7 - following))
    for (let i = 0; i < following; i++) value |= BigInt(this.#byte()) << (shift + 8n * BigInt(i))
    return value
  }

  signedInteger(): bigint {
    const value = this.integer()
    return (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n
  }

  number(): number {
    const value = this.integer()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corruptBinlog(this.#place, `${value} is too large`)
    return Number(value)
  }

  /** An array of bytes, each written as an integer of its own. */
  hexBytes(count: number): string {
    return Array.from({ length: count }, () => this.#smallNumber().toString(16).padStart(2, '0')).join('')
  }

  /** The tag of a GTID; empty when it has none. */
  tag(): string {
    const length = this.number()
    if (length > MAX_TAG_BYTES || length > this.left) throw corruptBinlog(this.#place, `a tag of ${length} bytes`)
    this.#at += length
    const tag = this.#bytes.toString('latin1', this.#at - length, this.#at)
    if (!TAG.test(tag)) throw corruptBinlog(this.#place, `${JSON.stringify(tag)} is not the tag of a GTID`)
    return tag
  }

  #smallNumber(): number {
    const value = this.number()
    if (value > 0xff) throw corruptBinlog(this.#place, `${value} is not a byte`)
    return value
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw corruptBinlog(this.#place, 'a tagged GTID ends inside a field')
    return byte
  }
}

function trailingOnes(byte: number): number {
  let count = 0
  while (count < 8 && (byte & (1 << count)) !== 0) count++
  return count
}
