import { EventType } from './event-type.ts'
import { BinlogEvent, HEADER_BYTES } from './event.ts'
import { endsStatement, FLAGS_AT, ROWS_LAYOUTS, STATEMENT_END } from './rows-event.ts'
import type { TableMap } from './table-map.ts'
import { TableMaps } from './table-maps.ts'
import { writeChecksum } from './write-checksum.ts'

/**
 * Takes the row events of some tables out of a log, with their table maps. What is left is the log of the same transactions
 * had they changed no other tables: where the last row event of a statement goes, the one before it ends the statement; where
 * all of them go, nothing of it is left. All other events stay as they are.
 */
export class RowsOfTables {
  readonly #isWanted: (table: Pick<TableMap, 'database' | 'table'>) => boolean
  readonly #tables = new TableMaps()
  /** What was found out about tables. */
  readonly #known = new WeakMap<TableMap, boolean>()
  /** The open statement: what stands before its wanted row events. */
  #head: BinlogEvent[] = []
  /** Its last wanted row event: it may have to end it. */
  #row: BinlogEvent | undefined
  /** Where the last event that stayed ends. */
  #end = 0
  #rowEvents = 0

  /** @param isWanted tells which tables stay */
  constructor(isWanted: (table: Pick<TableMap, 'database' | 'table'>) => boolean) {
    this.#isWanted = isWanted
  }

  /** Takes the file's next event, and appends to `to` what is left of it and of those before it. */
  add(event: BinlogEvent, to: BinlogEvent[]): void {
    if (ROWS_LAYOUTS[event.type] !== undefined) return this.#addRows(event, to)
    switch (event.type) {
      case EventType.TableMap:
        this.#tables.add(event)
        if (this.#isOfWanted(event)) this.#head.push(event)
        return
      case EventType.RowsQuery:
      case EventType.AnnotateRows:
        this.#head.push(event)
        return
      case EventType.Gtid:
      case EventType.AnonymousGtid:
      case EventType.GtidTagged:
      case EventType.MariadbGtid:
        this.#tables.begin()
        this.#end = event.offset
        break
    }
    this.#passHeld(to)
    this.#pass(event, to)
  }

  /** What is left of these events, which are whole transactions or one. */
  *of(events: Iterable<BinlogEvent>): Generator<BinlogEvent, void, undefined> {
    const left: BinlogEvent[] = []
    for (const event of events) {
      this.add(event, left)
      yield* left.splice(0)
    }
  }

  /** The bytes of the events taken so far are going away: copies what is held of them. */
  detach(): void {
    this.#head = this.#head.map((event) => event.detached())
    this.#row = this.#row?.detached()
  }

  /** How many row events stayed since the last call. */
  takeRowEvents(): number {
    const count = this.#rowEvents
    this.#rowEvents = 0
    return count
  }

  #addRows(event: BinlogEvent, to: BinlogEvent[]): void {
    if (this.#isOfWanted(event)) {
      this.#rowEvents++
      this.#passHeld(to)
      if (endsStatement(event)) this.#pass(event, to)
      else this.#row = event
      return
    }
    if (!endsStatement(event)) return
    if (this.#row !== undefined) this.#pass(endingStatement(this.#row), to)
    this.#row = undefined
    this.#head = []
  }

  #isOfWanted(event: BinlogEvent): boolean {
    const { map } = this.#tables.get(event)
    const known = this.#known.get(map)
    if (known !== undefined) return known
    const isWanted = this.#isWanted(map)
    this.#known.set(map, isWanted)
    return isWanted
  }

  #passHeld(to: BinlogEvent[]): void {
    if (this.#row !== undefined) this.#pass(this.#row, to)
    this.#row = undefined
    if (this.#head.length === 0) return
    for (const event of this.#head) this.#pass(event, to)
    this.#head = []
  }

  /** An event stands for the bytes of its transaction that were taken out before it, too: they are done when it is. */
  #pass(event: BinlogEvent, to: BinlogEvent[]): void {
    to.push(event.offset > this.#end ? startingAt(event, this.#end) : event)
    this.#end = event.end
  }
}

function startingAt(event: BinlogEvent, offset: number): BinlogEvent {
  const { file, buffer, bodyStart, length, checksumBytes, end } = event
  return new BinlogEvent(file, buffer, bodyStart - HEADER_BYTES, length, offset, checksumBytes, end)
}

/** A row event as it would be as the last one of its statement. */
function endingStatement(event: BinlogEvent): BinlogEvent {
  const last = event.detached()
  const { bytes, checksumBytes } = last
  bytes[HEADER_BYTES + FLAGS_AT]! |= STATEMENT_END
  if (checksumBytes > 0) writeChecksum(bytes)
  return last
}
