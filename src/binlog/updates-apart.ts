import type { LogFormat } from '../image/segment.ts'
import { EventType } from './event-type.ts'
import { BinlogEvent, HEADER_BYTES, LENGTH_AT } from './event.ts'
import { flavorOf } from './format-description.ts'
import { FNV_BASIS, ImageValues } from './image-values.ts'
import { FLAGS_AT, readRowsHead, ROWS_LAYOUTS, STATEMENT_END, valueOptionsEnd } from './rows-event.ts'
import type { RowsHead, RowsLayout } from './rows-event.ts'
import type { TableMap } from './table-map.ts'
import { TableMaps } from './table-maps.ts'
import { readTransactionPayload } from './transaction-payload.ts'
import { writeChecksum } from './write-checksum.ts'

/**
 * Cuts the row events of MySQL that update a row more than once, such as those of a REPLACE that names a key twice, into
 * events of the same statement that update each row once.
 *
 * The rows are the same, in the same order. But where the table has neither a primary key nor another unique key without
 * NULLs, a server looks for all rows of an event in one pass. MySQL 9.7.4 then applies what another row of the event had
 * become either with the first one's BLOB, TEXT, JSON, GEOMETRY or VECTOR, in silence, or not at all (error 1032).
 */
export class UpdatesApart {
  readonly #isNeeded: boolean
  readonly #tables = new TableMaps()

  constructor({ serverVersion }: LogFormat) {
    this.#isNeeded = flavorOf(serverVersion) === 'mysql'
  }

  /** Takes the file's next event and appends it to `to`, or what stands in its place; a compressed transaction as it is. */
  add(event: BinlogEvent, to: BinlogEvent[]): void {
    const layout = ROWS_LAYOUTS[event.type]
    if (layout !== undefined) {
      if (this.#isNeeded && layout.action === 'updated') this.#addUpdates(event, layout, to)
      else to.push(event)
      return
    }
    switch (event.type) {
      case EventType.Gtid:
      case EventType.AnonymousGtid:
      case EventType.GtidTagged:
        this.#tables.begin()
        break
      case EventType.TableMap:
        if (this.#isNeeded) this.#tables.add(event)
        break
    }
    to.push(event)
  }

  #addUpdates(event: BinlogEvent, layout: RowsLayout, to: BinlogEvent[]): void {
    const { map, rows } = this.#tables.get(event)
    const { buffer, bodyStart, bodyEnd } = event
    if (rows.count(layout, buffer, bodyStart, bodyEnd, event) < 2) {
      to.push(event)
      return
    }
    const head = readRowsHead(layout, buffer, bodyStart, bodyEnd, event)
    const ends = [...repeats(event, layout, head, map), bodyEnd]
    if (ends.length === 1) {
      to.push(event)
      return
    }
    let start = head.rowsAt
    for (const end of ends) {
      to.push(rowsOf(event, head.rowsAt, start, end))
      start = end
    }
  }

  /**
   * The events of a compressed transaction, one by one, when some of them have to be cut; undefined when it can stay as it
   * is. They have no checksums.
   */
  unpackIfCut(event: BinlogEvent): Iterable<BinlogEvent> | undefined {
    if (event.type !== EventType.TransactionPayload) return undefined
    const parts: BinlogEvent[] = []
    for (const inner of readTransactionPayload(event)) {
      this.add(inner, parts)
      if (parts.length > 1) return this.unpack(event, readTransactionPayload(event))
      parts.length = 0
    }
    return undefined
  }

  /** What stands in place of the events of a compressed transaction. */
  *unpack(payload: BinlogEvent, events: Iterable<BinlogEvent>): Generator<BinlogEvent, void, undefined> {
    let last: BinlogEvent | undefined
    for (const inner of events) {
      const parts: BinlogEvent[] = []
      this.add(inner, parts)
      for (const part of parts) {
        if (last !== undefined) yield last.inPlaceOf(payload, false)
        last = part
      }
    }
    if (last !== undefined) yield last.inPlaceOf(payload, true)
  }
}

/** Where the rows begin that an earlier one, since the last of these places, may have become. */
function repeats(event: BinlogEvent, layout: RowsLayout, head: RowsHead, table: TableMap): readonly number[] {
  const { buffer, bodyEnd } = event
  const before = new ImageValues(table, buffer, head.beforeAt)
  const after = new ImageValues(table, buffer, head.afterAt!)
  // Of JSON an update may tell only what it changes, and equal values need not have equal bytes.
  const compared = before.columns.filter((column) => table.columns[column]?.isJson !== true)
  const found: number[] = []
  /** Hashes: equal ones of different rows only make a cut that was not needed. */
  const updated = new Set<number>()
  for (let at = head.rowsAt; at < bodyEnd;) {
    const rowAt = at
    at = before.read(buffer, at)
    let was = FNV_BASIS
    for (const column of compared) was = before.hash(column, was)
    if (updated.has(was)) {
      found.push(rowAt)
      updated.clear()
    }
    if (layout.isPartial) at = valueOptionsEnd(table, buffer, at, bodyEnd, event)
    at = after.read(buffer, at)
    let is = FNV_BASIS
    // What an after image does not hold was not changed.
    for (const column of compared) is = (after.has(column) ? after : before).hash(column, is)
    updated.add(is)
  }
  return found
}

/** The event with only the rows from `start` to `end`. */
function rowsOf(event: BinlogEvent, rowsAt: number, start: number, end: number): BinlogEvent {
  const { file, offset, buffer, bodyStart, bodyEnd, checksumBytes } = event
  const bytes = Buffer.concat([
    buffer.subarray(bodyStart - HEADER_BYTES, rowsAt),
    buffer.subarray(start, end),
    Buffer.alloc(checksumBytes),
  ])
  bytes.writeUInt32LE(bytes.length, LENGTH_AT)
  const isLast = end === bodyEnd
  if (!isLast) bytes[HEADER_BYTES + FLAGS_AT]! &= ~STATEMENT_END
  if (checksumBytes > 0) writeChecksum(bytes)
  return new BinlogEvent(file, bytes, 0, bytes.length, offset, checksumBytes).inPlaceOf(event, isLast)
}
