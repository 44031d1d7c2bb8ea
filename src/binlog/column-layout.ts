import { ByteCursor } from './byte-cursor.ts'
import { unsupportedEvent } from './log-problem.ts'
import type { LogPlace } from './log-problem.ts'

/** How the values of one column are laid out in a row image: enough to step over them. */
export interface ColumnLayout {
  /** Bytes of a value; undefined when each value begins with its length. */
  readonly fixedBytes?: number | undefined
  /** Bytes of the length in front of each value; 0 when all have the same size. */
  readonly lengthBytes: number
  /** Whether it is MySQL's JSON, which partial updates treat in their own way. */
  readonly isJson: boolean
}

// Type codes: `enum_field_types` in MySQL's field_types.h, and MariaDB's compressed types. Metadata: the table in
// Table_map_event's documentation (rows_event.h) and `calc_field_size` in binary_log_funcs.cpp.
const Type = {
  Tiny: 1,
  Short: 2,
  Long: 3,
  Float: 4,
  Double: 5,
  Null: 6,
  Timestamp: 7,
  LongLong: 8,
  Int24: 9,
  Date: 10,
  Time: 11,
  DateTime: 12,
  Year: 13,
  NewDate: 14,
  Varchar: 15,
  Bit: 16,
  Timestamp2: 17,
  DateTime2: 18,
  Time2: 19,
  MariadbBlobCompressed: 140,
  MariadbVarcharCompressed: 141,
  Vector: 242,
  Json: 245,
  NewDecimal: 246,
  Enum: 247,
  Set: 248,
  TinyBlob: 249,
  MediumBlob: 250,
  LongBlob: 251,
  Blob: 252,
  VarString: 253,
  String: 254,
  Geometry: 255,
} as const

/** Types without metadata, whose values have one size. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [Type.Null, 0],
  [Type.Tiny, 1],
  [Type.Year, 1],
  [Type.Short, 2],
  [Type.Int24, 3],
  [Type.Date, 3],
  [Type.NewDate, 3],
  [Type.Time, 3],
  [Type.Long, 4],
  [Type.Timestamp, 4],
  [Type.LongLong, 8],
  [Type.DateTime, 8],
])

/** Reads the layouts from a table map's type and metadata fields. Throws `UnsupportedEvent` for an unknown type: never a guess. */
export function readColumnLayouts(types: Buffer, metadata: Buffer, place: LogPlace, table: string): ColumnLayout[] {
  const cursor = new ByteCursor(metadata, place)
  const layouts = Array.from(types, (type, i) => {
    const layout = readColumnLayout(type, cursor)
    if (layout !== undefined) return layout
    throw unsupportedEvent(place, `column ${i + 1} of ${table} has the unknown type ${type}`)
  })
  if (cursor.left > 0) throw cursor.corrupt(`the table map of ${table} has ${cursor.left} bytes of metadata too many`)
  return layouts
}

function readColumnLayout(type: number, metadata: ByteCursor): ColumnLayout | undefined {
  const size = SIZES.get(type)
  if (size !== undefined) return fixed(size)
  switch (type) {
    case Type.Float:
    case Type.Double:
      return fixed(metadata.u8())
    case Type.Timestamp2:
      return fixed(4 + fractionBytes(metadata))
    case Type.DateTime2:
      return fixed(5 + fractionBytes(metadata))
    case Type.Time2:
      return fixed(3 + fractionBytes(metadata))
    case Type.Bit: {
      const bits = metadata.u8()
      return fixed(metadata.u8() + (bits > 0 ? 1 : 0))
    }
    case Type.NewDecimal: {
      const precision = metadata.u8()
      return fixed(decimalBytes(precision, metadata.u8()))
    }
    case Type.Varchar:
    case Type.VarString:
    case Type.MariadbVarcharCompressed:
      return prefixed(metadata.u16() > 255 ? 2 : 1)
    case Type.String:
    case Type.Enum:
    case Type.Set:
      return stringLayout(metadata.u8(), metadata.u8())
    case Type.Json:
      return { lengthBytes: blobLengthBytes(metadata), isJson: true }
    case Type.TinyBlob:
    case Type.MediumBlob:
    case Type.LongBlob:
    case Type.Blob:
    case Type.Geometry:
    case Type.Vector:
    case Type.MariadbBlobCompressed:
      return prefixed(blobLengthBytes(metadata))
    default:
      return undefined
  }
}

function fixed(fixedBytes: number): ColumnLayout {
  return { fixedBytes, lengthBytes: 0, isJson: false }
}

function prefixed(lengthBytes: number): ColumnLayout {
  return { lengthBytes, isJson: false }
}

/** CHAR, ENUM and SET share a type code; the real type is in the first byte, together with two bits of a CHAR's length. */
function stringLayout(first: number, second: number): ColumnLayout {
  if (first === Type.Enum || first === Type.Set) return fixed(second)
  // Field_string::do_save_field_metadata: bits 8 and 9 of the length are stored inverted in bits 4 and 5 of the type.
  const maxBytes = (((first & 0x30) ^ 0x30) << 4) | second
  return prefixed(maxBytes > 255 ? 2 : 1)
}

function blobLengthBytes(metadata: ByteCursor): number {
  const bytes = metadata.u8()
  if (bytes < 1 || bytes > 4) throw metadata.corrupt(`a BLOB column has a length of ${bytes} bytes`)
  return bytes
}

function fractionBytes(metadata: ByteCursor): number {
  const digits = metadata.u8()
  if (digits > 6) throw metadata.corrupt(`a temporal column has ${digits} fractional digits`)
  return (digits + 1) >> 1
}

/** Bytes of up to 8 decimal digits; each 9 digits take 4 (decimal_bin_size in decimal.cc). */
const DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4]

function decimalBytes(precision: number, scale: number): number {
  const half = (digits: number) => Math.floor(digits / 9) * 4 + DIGIT_BYTES[digits % 9]!
  return half(Math.max(0, precision - scale)) + half(scale)
}
