import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import { PitrError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'

/** Where in which file something is wrong. */
export interface LogPlace {
  /** Name of the binlog file. */
  readonly file: string
  /** Offset of the event, in bytes. */
  readonly offset: number
}

/** Bytes that are not a valid event. */
export function corruptBinlog(place: LogPlace, why: string, cause?: unknown): PitrError {
  return problem('CorruptBinlog', place, why, {
    hint: 'Compare this copy with the server and any other copy of the file; nothing behind this offset can be trusted.',
    cause,
  })
}

/** The end of the bytes inside an event or a transaction. */
export function truncatedBinlog(place: LogPlace, why: string): PitrError {
  return problem('TruncatedBinlog', place, why, {
    hint: 'Fetch the rest of the file, or end at the boundary before this offset.',
  })
}

/** An event that cannot be interpreted faithfully. */
export function unsupportedEvent(place: LogPlace, why: string): PitrError {
  return problem('UnsupportedEvent', place, why, {
    hint: 'Use a version of this library that knows the event; nothing was skipped.',
  })
}

/** A file that only its server can read. */
export function encryptedBinlog(place: LogPlace): PitrError {
  return problem('EncryptedBinlog', place, 'the file is encrypted', {
    hint: 'Read it through its server, which decrypts it, or decrypt it first.',
  })
}

function problem(
  code: ErrorCode,
  place: LogPlace,
  why: string,
  { hint, cause }: { hint: string; cause?: unknown },
): PitrError {
  const subject = formatBinlogPosition(place)
  return new PitrError(code, {
    subject,
    message: `${subject}: ${why}`,
    hint,
    details: { file: place.file, offset: place.offset },
    cause,
  })
}
