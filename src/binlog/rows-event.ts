import { ByteCursor } from './byte-cursor.ts'
import { EventType } from './event-type.ts'
import type { BinlogEvent } from './event.ts'
import { DOES_NOT_FIT, ImageStepper } from './image-stepper.ts'
import { corruptBinlog } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'
import { inflateMariadb } from './mariadb-compression.ts'
import type { TableMap } from './table-map.ts'

/** What row events do to rows. */
export type RowAction = 'inserted' | 'updated' | 'deleted'

/** How events of one type are laid out. */
export interface RowsLayout {
  readonly action: RowAction
  /** Whether a length-prefixed block of extra data follows the flags (version 2). */
  readonly hasExtraData: boolean
  /** Whether the rows are compressed (MariaDB's log_bin_compress). */
  readonly isCompressed: boolean
  /** Whether after images may hold JSON differences (MySQL's binlog_row_value_options). */
  readonly isPartial: boolean
}

const plain = { hasExtraData: false, isCompressed: false, isPartial: false }
const extra = { ...plain, hasExtraData: true }

const LAYOUTS = new Map<number, RowsLayout>([
  [EventType.WriteRowsV1, { ...plain, action: 'inserted' }],
  [EventType.UpdateRowsV1, { ...plain, action: 'updated' }],
  [EventType.DeleteRowsV1, { ...plain, action: 'deleted' }],
  [EventType.WriteRows, { ...extra, action: 'inserted' }],
  [EventType.UpdateRows, { ...extra, action: 'updated' }],
  [EventType.DeleteRows, { ...extra, action: 'deleted' }],
  [EventType.PartialUpdateRows, { ...extra, action: 'updated', isPartial: true }],
  [EventType.WriteRowsCompressedV1, { ...plain, action: 'inserted', isCompressed: true }],
  [EventType.UpdateRowsCompressedV1, { ...plain, action: 'updated', isCompressed: true }],
  [EventType.DeleteRowsCompressedV1, { ...plain, action: 'deleted', isCompressed: true }],
  [EventType.WriteRowsCompressed, { ...extra, action: 'inserted', isCompressed: true }],
  [EventType.UpdateRowsCompressed, { ...extra, action: 'updated', isCompressed: true }],
  [EventType.DeleteRowsCompressed, { ...extra, action: 'deleted', isCompressed: true }],
])

/** The layout of each row event type, by its code; undefined for other types. */
export const ROWS_LAYOUTS: readonly (RowsLayout | undefined)[] = Array.from({ length: 256 }, (_, type) =>
  LAYOUTS.get(type),
)

// Rows_event in MySQL's rows_event.h: table id, flags, [extra data], width, present columns (of an update: before and
// after), then the rows.
const EXTRA_DATA_AT = 8
/** Bit of `value_options` in an after image (enum_binlog_row_value_options). */
const PARTIAL_JSON_UPDATES = 1

/** Counts the rows of row events; remembers what it found out about a table, which most events share. */
export class RowCounter {
  readonly #table: TableMap
  #before: StepperFor | undefined
  #after: StepperFor | undefined

  constructor(table: TableMap) {
    this.#table = table
  }

  /** Whether the last update counted says of its rows only what some columns are now. */
  get lastUpdateIsPartial(): boolean {
    return this.#after?.isWhole === false
  }

  /** Counts the rows in `bytes` from `start` (the table id) to `end`. Throws `CorruptBinlog` unless they fill it exactly. */
  count(layout: RowsLayout, bytes: Buffer, start: number, end: number, place: LogPlace): number {
    const { columns, beforeAt, afterAt, rowsAt } = readRowsHead(layout, bytes, start, end, place)
    if (columns !== this.#table.columns.length) {
      throw corruptBinlog(place, `a row event has ${columns} columns, its table map ${this.#table.columns.length}`)
    }
    const bitmapBytes = bytesOfBits(columns)
    this.#before = stepperFor(this.#before, this.#table, bytes, beforeAt, bitmapBytes)
    const before = this.#before.stepper
    if (afterAt !== undefined) this.#after = stepperFor(this.#after, this.#table, bytes, afterAt, bitmapBytes)
    const after = afterAt === undefined ? undefined : this.#after!.stepper
    if (before.isEmpty && after?.isEmpty !== false && end > rowsAt) {
      throw corruptBinlog(place, 'a row event without columns')
    }
    if (!layout.isCompressed) return this.#countRows(layout, before, after, bytes, rowsAt, end, place)
    const rows = inflateMariadb(bytes.subarray(rowsAt, end), place)
    return this.#countRows(layout, before, after, rows, 0, rows.length, place)
  }

  #countRows(
    { isPartial }: RowsLayout,
    before: ImageStepper,
    after: ImageStepper | undefined,
    bytes: Buffer,
    start: number,
    end: number,
    place: LogPlace,
  ): number {
    let rows = 0
    let at = start
    while (at < end) {
      const rowStart = at
      at = before.step(bytes, at, end)
      if (after !== undefined && at !== DOES_NOT_FIT) {
        if (isPartial) at = valueOptionsEnd(this.#table, bytes, at, end, place)
        at = after.step(bytes, at, end)
      }
      if (at === DOES_NOT_FIT) throw corruptBinlog(place, `row ${rows + 1} of a row event does not fit into it`)
      // Images of no columns at all have no bytes: without progress there is no count.
      if (at === rowStart) throw corruptBinlog(place, 'a row event with rows of no bytes')
      rows++
    }
    return rows
  }
}

/**
 * Where the after image of a partial update begins: before it lie options, and one bit for each JSON column of the table,
 * present or not.
 */
export function valueOptionsEnd(table: TableMap, bytes: Buffer, at: number, end: number, place: LogPlace): number {
  const cursor = new ByteCursor(bytes, place, at, end)
  const options = cursor.packed()
  if (options > PARTIAL_JSON_UPDATES) throw cursor.corrupt(`unknown row value options ${options}`)
  if (options === PARTIAL_JSON_UPDATES) cursor.skip((table.jsonColumns + 7) >> 3)
  return cursor.at
}

/** Where the parts of a row event lie. */
export interface RowsHead {
  /** How many columns its table has. */
  readonly columns: number
  /** The bits of the columns that are in it: before images, and after images of an update. */
  readonly beforeAt: number
  readonly afterAt: number | undefined
  /** Its rows, to its end. */
  readonly rowsAt: number
}

/** Reads `bytes` from `start` (the table id) up to the rows. Throws `CorruptBinlog`. */
export function readRowsHead(
  { hasExtraData, action }: RowsLayout,
  bytes: Buffer,
  start: number,
  end: number,
  place: LogPlace,
): RowsHead {
  const cursor = new ByteCursor(bytes, place, start, end)
  cursor.skip(EXTRA_DATA_AT)
  if (hasExtraData) {
    // The length counts its own two bytes.
    const length = cursor.u16()
    if (length < 2) throw cursor.corrupt('the extra data of a row event is too short')
    cursor.skip(length - 2)
  }
  const columns = cursor.packed()
  const beforeAt = cursor.skip(bytesOfBits(columns))
  const afterAt = action === 'updated' ? cursor.skip(bytesOfBits(columns)) : undefined
  return { columns, beforeAt, afterAt, rowsAt: cursor.at }
}

/** Bytes of a bitmap. */
export function bytesOfBits(bits: number): number {
  return Math.floor((bits + 7) / 8)
}

interface StepperFor {
  readonly present: Buffer
  /** Whether every column is present. */
  readonly isWhole: boolean
  readonly stepper: ImageStepper
}

function stepperFor(
  known: StepperFor | undefined,
  table: TableMap,
  bytes: Buffer,
  at: number,
  bitmapBytes: number,
): StepperFor {
  if (known !== undefined && isSame(known.present, bytes, at)) return known
  const present = Buffer.from(bytes.subarray(at, at + bitmapBytes))
  const isPresent = (i: number): boolean => (present[i >> 3]! & (1 << (i & 7))) !== 0
  const isWhole = table.columns.every((_, i) => isPresent(i))
  return { present, isWhole, stepper: new ImageStepper(table, isPresent) }
}

function isSame(known: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[at + i]) return false
  return true
}

/** STMT_END_F: the last rows event of a statement. */
export const STATEMENT_END = 1
/** NO_FOREIGN_KEY_CHECKS_F: foreign keys are not checked, and change no other rows. */
export const NO_FOREIGN_KEYS = 2
/** USE_SQL_FOREIGN_KEY_F of MySQL since 9.6: what foreign keys change is logged too. */
export const FOREIGN_KEYS_LOGGED = 16
/** Flags follow the table id. */
export const FLAGS_AT = 6

/** Whether a row event is the last one of its statement: the table maps before it are done with. */
export function endsStatement({ type, body }: Pick<BinlogEvent, 'type' | 'body'>): boolean {
  return ROWS_LAYOUTS[type] !== undefined && ((body[FLAGS_AT] ?? 0) & STATEMENT_END) !== 0
}
