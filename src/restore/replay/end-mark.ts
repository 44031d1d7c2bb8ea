import { randomBytes } from 'node:crypto'
import { EventType } from '../../binlog/event-type.ts'
import { CHECKSUM_BYTES, HEADER_BYTES, LENGTH_AT } from '../../binlog/event.ts'
import { writeChecksum } from '../../binlog/write-checksum.ts'

/** A last event behind the transactions of a file, and the text by which the program shows that it got there. */
export interface EndMark {
  /** A rotate event that nobody executes: programs print it as a comment. */
  readonly event: Uint8Array
  /** Part of that comment; not to be guessed. */
  readonly text: string
}

/**
 * Makes an event that ends the input of a binlog program. The programs exit with 0 on an input that breaks off (MariaDB's)
 * or ends between two events (both), so their exit status does not show that they read everything: this mark in their
 * output does. A rotate event stands at the end of every finished binlog file and changes nothing when replayed; see
 * [Rotate_event](https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rotate__event.html).
 *
 * @param head the file's head: the mark takes server id and time from its format description
 */
export function endMark(head: Uint8Array, checksum: 'crc32' | 'none'): EndMark {
  const name = `mysql-pitr-end.${randomBytes(16).toString('hex')}`
  const size = HEADER_BYTES + 8 + name.length + (checksum === 'crc32' ? CHECKSUM_BYTES : 0)
  const event = Buffer.alloc(size)
  // The first event begins behind the four magic bytes: timestamp (4), type (1), server id (4), ...
  event.set(head.subarray(4, 4 + HEADER_BYTES))
  event.writeUInt8(EventType.Rotate, 4)
  event.writeUInt32LE(size, LENGTH_AT)
  event.writeUInt32LE(0, 13)
  event.writeUInt16LE(0, 17)
  event.writeBigUInt64LE(4n, HEADER_BYTES)
  event.write(name, HEADER_BYTES + 8, 'latin1')
  if (checksum === 'crc32') writeChecksum(event)
  return { event, text: `Rotate to ${name}` }
}
