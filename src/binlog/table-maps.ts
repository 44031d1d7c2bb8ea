import { readUint32 } from './event.ts'
import type { BinlogEvent } from './event.ts'
import { corruptBinlog } from './log-problem.ts'
import { RowCounter } from './rows-event.ts'
import { readTableMap, TABLE_ID_BYTES } from './table-map.ts'
import type { TableMap } from './table-map.ts'

/** A table map, and what counts the rows of its events. */
export interface MappedTable {
  readonly map: TableMap
  readonly rows: RowCounter
  /** The body of its Table_map event. */
  readonly body: Buffer
}

interface KnownTable extends MappedTable {
  /** The last transaction that holds the event. */
  transaction: number
}

/** Between transactions tables with more columns than these in all are forgotten: long logs with many definitions leave them behind. */
const MAX_KNOWN_COLUMNS = 50_000

/**
 * The table maps of the open transaction. One is repeated in every transaction that touches its table, so the parsed
 * ones are kept as long as the bytes stay the same; only those of the open transaction count.
 */
export class TableMaps {
  readonly #known = new Map<number, KnownTable>()
  /** The table that was asked for last, and its id: its rows come next. */
  #last: KnownTable | undefined
  #lastId = 0
  #transaction = 0
  #columns = 0

  /** Forgets which tables are mapped: a transaction begins. */
  begin(): void {
    this.#transaction++
    if (this.#columns <= MAX_KNOWN_COLUMNS) return
    this.#known.clear()
    this.#last = undefined
    this.#columns = 0
  }

  /** Takes a Table_map event. */
  add(event: BinlogEvent): void {
    const id = tableId(event)
    const known = this.#find(id)
    if (known !== undefined && hasBody(event, known.body)) {
      known.transaction = this.#transaction
      return
    }
    const body = Buffer.from(event.body)
    const map = readTableMap(body, event)
    this.#columns += map.columns.length
    this.#lastId = id
    this.#last = { map, rows: new RowCounter(map), body, transaction: this.#transaction }
    this.#known.set(id, this.#last)
  }

  /** The table a row event is about. Throws `CorruptBinlog` when the transaction holds no map for it. */
  get(event: BinlogEvent): MappedTable {
    const id = tableId(event)
    const known = this.#find(id)
    if (known?.transaction !== this.#transaction) {
      throw corruptBinlog(event, `a row event for table id ${id}, which no table map names`)
    }
    return known
  }

  #find(id: number): KnownTable | undefined {
    if (id !== this.#lastId) {
      this.#last = this.#known.get(id)
      this.#lastId = id
    }
    return this.#last
  }
}

/** The table id in a Table_map or row event. */
export function tableId(event: BinlogEvent): number {
  const { buffer, bodyStart, bodyEnd } = event
  if (bodyEnd - bodyStart < TABLE_ID_BYTES + 2) throw corruptBinlog(event, 'an event about a table is too short')
  return readUint32(buffer, bodyStart) + (buffer[bodyStart + 4]! + buffer[bodyStart + 5]! * 256) * 2 ** 32
}

function hasBody({ buffer, bodyStart, bodyEnd }: BinlogEvent, body: Buffer): boolean {
  if (bodyEnd - bodyStart !== body.length) return false
  // Bodies are short: a loop is faster than a call of `compare`.
  for (let i = 0; i < body.length; i++) if (body[i] !== buffer[bodyStart + i]) return false
  return true
}
