import type { BinlogEvent } from './event.ts'
import { ImageValues } from './image-values.ts'
import {
  bytesOfBits,
  FLAGS_AT,
  FOREIGN_KEYS_LOGGED,
  NO_FOREIGN_KEYS,
  readRowsHead,
  ROWS_LAYOUTS,
  valueOptionsEnd,
} from './rows-event.ts'
import type { RowAction, RowsHead, RowsLayout } from './rows-event.ts'
import type { MappedTable } from './table-maps.ts'

/** What a row event does to one row. */
export interface RowChange {
  /** What the row is before, as the event holds it; undefined of one that is inserted. */
  readonly before: Buffer | undefined
  /** The values of its key before and after, as text that no other values have; undefined where the event does not hold them all. */
  readonly keyBefore: string | undefined
  readonly keyAfter: string | undefined
}

/** The rows of a row event that is not compressed. */
export class RowChanges {
  /** How many there are. */
  readonly count: number
  readonly #event: BinlogEvent
  readonly #table: MappedTable
  readonly #layout: RowsLayout
  readonly #head: RowsHead

  /** Throws `CorruptBinlog` unless its rows fill it exactly. */
  constructor(event: BinlogEvent, table: MappedTable) {
    const { buffer, bodyStart, bodyEnd } = event
    this.#event = event
    this.#table = table
    this.#layout = ROWS_LAYOUTS[event.type]!
    this.count = table.rows.count(this.#layout, buffer, bodyStart, bodyEnd, event)
    this.#head = readRowsHead(this.#layout, buffer, bodyStart, bodyEnd, event)
  }

  /** What it does to them. */
  get action(): RowAction {
    return this.#layout.action
  }

  /** Whether it is of the second version of row events. */
  get hasExtraData(): boolean {
    return this.#layout.hasExtraData
  }

  /** Whether foreign keys may change other rows when it is applied, of which the log says nothing. */
  get followsForeignKeys(): boolean {
    const flags = this.#event.body[FLAGS_AT] ?? 0
    return this.action !== 'inserted' && (flags & (NO_FOREIGN_KEYS | FOREIGN_KEYS_LOGGED)) === 0
  }

  /** One bit for each column of the table: whether the rows are told with it, before the change. */
  get present(): Buffer {
    const { columns, beforeAt } = this.#head
    return this.#event.buffer.subarray(beforeAt, beforeAt + bytesOfBits(columns))
  }

  /** The rows in order. `key`: indexes of the columns that name a row. */
  *rows(key: readonly number[]): Generator<RowChange, void, undefined> {
    const { buffer, bodyEnd } = this.#event
    const { beforeAt, afterAt, rowsAt } = this.#head
    const { map } = this.#table
    const before = new ImageValues(map, buffer, beforeAt)
    const after = afterAt === undefined ? undefined : new ImageValues(map, buffer, afterAt)
    for (let at = rowsAt; at < bodyEnd;) {
      const rowAt = at
      at = before.read(buffer, at)
      const named = keyOf(before, before, key)
      if (this.action === 'inserted') {
        yield { before: undefined, keyBefore: undefined, keyAfter: named }
        continue
      }
      const image = buffer.subarray(rowAt, at)
      if (after !== undefined) {
        if (this.#layout.isPartial) at = valueOptionsEnd(map, buffer, at, bodyEnd, this.#event)
        at = after.read(buffer, at)
      }
      yield { before: image, keyBefore: named, keyAfter: after === undefined ? undefined : keyOf(after, before, key) }
    }
  }
}

/** What an after image does not hold was not changed. */
function keyOf(image: ImageValues, before: ImageValues, key: readonly number[]): string | undefined {
  let text = ''
  for (const column of key) {
    const values = image.has(column) ? image : before
    if (!values.has(column)) return undefined
    const value = values.text(column)
    text += `${value.length}${value}`
  }
  return text
}
