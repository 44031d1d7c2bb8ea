import { EventType } from './event-type.ts'
import { BinlogEvent, HEADER_BYTES, LENGTH_AT, TYPE_AT } from './event.ts'
import { FLAGS_AT, NO_FOREIGN_KEYS, STATEMENT_END } from './rows-event.ts'
import { TABLE_ID_BYTES } from './table-map.ts'

/** Images of rows of one table that hold the same columns. */
export interface RowImages {
  /** The body of the Table_map event of their table. */
  readonly tableMap: Buffer
  /** How many columns it has, and one bit for each: whether the images hold it. */
  readonly columns: number
  readonly present: Buffer
  /** Whether they are of row events of the second version. */
  readonly hasExtraData: boolean
  readonly images: readonly Buffer[]
}

/** MariaDB's NO_CHECK_CONSTRAINT_CHECKS_F. */
const NO_CHECK_CONSTRAINTS = 128

/**
 * Events that insert the images into another table, whose columns are the same: a Table_map and a row event, without
 * checksums. So a server decodes them as it decodes what it applies, whatever their types. `like`: the event they are of.
 */
export function insertsInto(
  { database, table, tableId }: { readonly database: string; readonly table: string; readonly tableId: number },
  { tableMap, columns, present, hasExtraData, images }: RowImages,
  like: BinlogEvent,
): readonly [BinlogEvent, BinlogEvent] {
  const id = Buffer.alloc(TABLE_ID_BYTES)
  id.writeUIntLE(tableId, 0, TABLE_ID_BYTES)
  const map = [id, tableMap.subarray(FLAGS_AT, NAMES_AT), nameOf(database), nameOf(table), behindNames(tableMap)]
  const version = hasExtraData
    ? { type: EventType.WriteRows, flags: STATEMENT_END | NO_FOREIGN_KEYS, extra: [EMPTY_EXTRA_DATA] }
    : { type: EventType.WriteRowsV1, flags: STATEMENT_END | NO_FOREIGN_KEYS | NO_CHECK_CONSTRAINTS, extra: [] }
  const rows = [id, Buffer.from([version.flags, 0]), ...version.extra, packed(columns), present, ...images]
  return [eventLike(like, EventType.TableMap, map), eventLike(like, version.type, rows)]
}

/** Behind the table id and the flags. */
const NAMES_AT = TABLE_ID_BYTES + 2
/** A length that counts its own two bytes. */
const EMPTY_EXTRA_DATA = Buffer.from([2, 0])

// A length of one byte, the name, and a zero.
function nameOf(name: string): Buffer {
  const bytes = Buffer.from(name)
  return Buffer.concat([Buffer.from([bytes.length]), bytes, Buffer.alloc(1)])
}

function behindNames(tableMap: Buffer): Buffer {
  const tableAt = NAMES_AT + 1 + tableMap[NAMES_AT]! + 1
  return tableMap.subarray(tableAt + 1 + tableMap[tableAt]! + 1)
}

/** A count below 2^16, as `ByteCursor.packed` reads it. */
function packed(count: number): Buffer {
  return Buffer.from(count < 251 ? [count] : [252, count & 0xff, count >> 8])
}

function eventLike(like: BinlogEvent, type: number, body: readonly Buffer[]): BinlogEvent {
  const bytes = Buffer.concat([like.bytes.subarray(0, HEADER_BYTES), ...body])
  bytes[TYPE_AT] = type
  bytes.writeUInt32LE(bytes.length, LENGTH_AT)
  return new BinlogEvent(like.file, bytes, 0, bytes.length, like.offset, 0)
}
