import * as v from 'valibot'
import { binlogFileNumber } from '../../coordinates/binlog-position.ts'
import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import type { Flavor } from '../../coordinates/flavor.ts'
import { rememberLast } from '../../coordinates/remember-last.ts'
import { Timestamp } from '../../coordinates/timestamp.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { Blob, Digest, LogCounts } from '../../image/segment.ts'
import { TRANSACTION_KINDS } from '../../image/touched.ts'
import type { Touched } from '../../image/touched.ts'
import { isId } from '../layout.ts'

// The pieces manifests share. Functions with declared types: a schema itself would have to spell out valibot's types.

/** A size, an offset or a count. */
export function size(): v.GenericSchema<unknown, number> {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(0))
}

/** An id that can stand in a key. */
export function id(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.check(isId, 'an id'), v.transform(shared))
}

/** A set of GTIDs. It can have any number of intervals; the size of the manifest bounds it. */
export function gtidSet(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.transform(shared))
}

/** Text of a length that does no harm. */
export function text(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.maxLength(4096))
}

/** SHA-256 in lower-case hex. */
export function sha256(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
}

/** Which family of servers. */
export function flavor(): v.GenericSchema<unknown, Flavor> {
  return v.picklist(['mysql', 'mariadb'])
}

/** A moment, as its ISO text. */
export function timestamp(): v.GenericSchema<unknown, Timestamp> {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parseTimestamp(dataset.value)
      } catch {
        addIssue({ message: 'a UTC time' })
        return NEVER
      }
    }),
  )
}

const parseTimestamp = rememberLast((text) => Timestamp.parse(text))

/** The name of a binlog file. */
export function binlogFile(): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(),
    v.check((file) => succeeds(() => binlogFileNumber(file)), 'a binlog file'),
    v.transform(shared),
  )
}

/** A place in the log. */
export function binlogPosition(): v.GenericSchema<unknown, BinlogPosition> {
  return v.strictObject({ file: binlogFile(), offset: size() })
}

/** Names a transaction. */
export function transactionRef(): v.GenericSchema<unknown, TransactionRef> {
  return v.strictObject({
    fileId: id(),
    start: binlogPosition(),
    end: binlogPosition(),
    gtid: v.optional(v.pipe(text(), v.transform(shared))),
    commitTime: timestamp(),
  })
}

/** What a range of log holds, counted. */
export function logCounts(): v.GenericSchema<unknown, LogCounts> {
  return v.strictObject({ transactions: size(), rowEvents: size(), rows: size() })
}

/** What lies in a range of log. Names are those of the server: of any characters, but not long. */
export function touched(): v.GenericSchema<unknown, Touched> {
  return v.strictObject({
    kinds: v.array(v.picklist(TRANSACTION_KINDS)),
    tables: v.optional(v.array(v.strictObject({ database: text(), table: v.optional(text()) }))),
  })
}

/** Size and hash of bytes. */
export function digest(): v.GenericSchema<unknown, Digest> {
  return v.strictObject({ bytes: size(), sha256: sha256() })
}

/** A stored blob. Whether its key points where it should is the caller's check. */
export function blob(): v.GenericSchema<unknown, Blob> {
  return v.strictObject({ key: text(), codec: v.literal('zstd'), content: digest(), stored: digest() })
}

const SHARED_CHARACTERS = 100
const SHARED_TEXTS = 1000
const sharedTexts = new Map<string, string>()

/** The same string for the same text: ten thousand segments say the names of a few files. */
function shared(text: string): string {
  if (text.length > SHARED_CHARACTERS) return text
  const known = sharedTexts.get(text)
  if (known !== undefined) return known
  if (sharedTexts.size === SHARED_TEXTS) sharedTexts.clear()
  sharedTexts.set(text, text)
  return text
}

/** Whether a parser accepts its input. */
export function succeeds(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}
