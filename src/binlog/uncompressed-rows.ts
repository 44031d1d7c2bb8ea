import { EventType } from './event-type.ts'
import { BinlogEvent, HEADER_BYTES, LENGTH_AT, TYPE_AT } from './event.ts'
import { inflatedLength, inflateMariadb } from './mariadb-compression.ts'
import { readRowsHead, ROWS_LAYOUTS } from './rows-event.ts'

/** The type each would have without `log_bin_compress`. */
const PLAIN_TYPES: ReadonlyMap<number, number> = new Map([
  [EventType.WriteRowsCompressedV1, EventType.WriteRowsV1],
  [EventType.UpdateRowsCompressedV1, EventType.UpdateRowsV1],
  [EventType.DeleteRowsCompressedV1, EventType.DeleteRowsV1],
  [EventType.WriteRowsCompressed, EventType.WriteRows],
  [EventType.UpdateRowsCompressed, EventType.UpdateRows],
  [EventType.DeleteRowsCompressed, EventType.DeleteRows],
])

/**
 * A row event as it would be without MariaDB's `log_bin_compress`, and then without a checksum; any other event as it is. A
 * server takes compressed ones from its source only: in a BINLOG statement they are error 1730.
 */
export function uncompressedRows(event: BinlogEvent): BinlogEvent {
  const type = PLAIN_TYPES.get(event.type)
  if (type === undefined) return event
  const { bytes, body } = event
  const rowsAt = rowsIn(event)
  const rows = inflateMariadb(body.subarray(rowsAt), event)
  const plain = Buffer.concat([bytes.subarray(0, HEADER_BYTES), body.subarray(0, rowsAt), rows])
  plain[TYPE_AT] = type
  plain.writeUInt32LE(plain.length, LENGTH_AT)
  return new BinlogEvent(event.file, plain, 0, plain.length, event.offset, 0)
}

/** Length that {@link uncompressedRows} would have. */
export function uncompressedLength(event: BinlogEvent): number {
  if (!PLAIN_TYPES.has(event.type)) return event.length
  const rowsAt = rowsIn(event)
  return HEADER_BYTES + rowsAt + inflatedLength(event.body.subarray(rowsAt), event)
}

/** Where the rows begin in the body. */
function rowsIn(event: BinlogEvent): number {
  const { body } = event
  return readRowsHead(ROWS_LAYOUTS[event.type]!, body, 0, body.length, event).rowsAt
}
