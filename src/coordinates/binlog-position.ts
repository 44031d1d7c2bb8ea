import { PitrError } from '../errors.ts'
import { rememberLast } from './remember-last.ts'

/**
 * A place in a server's binary log: the name of a binlog file and a byte offset in it. Recorded positions always lie at
 * a transaction boundary. See [SHOW BINARY LOG STATUS](https://dev.mysql.com/doc/refman/en/show-binary-log-status.html).
 *
 * A file name is not an identity: compare positions only within one timeline.
 */
export interface BinlogPosition {
  /** Such as `binlog.000042`. */
  readonly file: string
  /** Bytes from the start of the file; the first event is at 4. */
  readonly offset: number
}

/** The offset of the first event of every binlog file, behind the four magic bytes. */
export const FIRST_EVENT_OFFSET = 4

const FILE_NAME = /^(?<base>[A-Za-z0-9._@+-]{1,200})\.(?<number>\d{6,19})$/

/** Reads `binlog.000042:1234`. Throws `InvalidPosition`. */
export function parseBinlogPosition(text: string): BinlogPosition {
  const colon = text.lastIndexOf(':')
  const file = text.slice(0, colon)
  const offset = text.slice(colon + 1)
  if (colon < 0 || !/^\d{1,15}$/.test(offset)) throw invalidPosition(text)
  binlogFileNumber(file)
  return { file, offset: Number(offset) }
}

/** Writes `binlog.000042:1234`. */
export function formatBinlogPosition(position: BinlogPosition): string {
  return `${position.file}:${position.offset}`
}

/** The number at the end of a binlog file name: `.999999` is followed by `.1000000`, so names never sort as text. Throws `InvalidPosition`. */
export const binlogFileNumber: (file: string) => number = rememberLast((file) => {
  const number = FILE_NAME.exec(file)?.groups?.['number']
  if (number === undefined || !Number.isSafeInteger(Number(number))) throw invalidPosition(file)
  return Number(number)
})

/**
 * Negative, zero or positive: which of two positions comes first. Only for positions of one timeline: in another one the
 * same name is another file. Throws `InvalidPosition`.
 */
export function compareBinlogPositions(a: BinlogPosition, b: BinlogPosition): number {
  return binlogFileNumber(a.file) - binlogFileNumber(b.file) || a.offset - b.offset
}

function invalidPosition(text: string): PitrError {
  return new PitrError('InvalidPosition', {
    subject: text,
    message: `"${text}" is not a binlog position`,
    hint: 'Write the file name with its number, a colon and the byte offset: binlog.000042:1234.',
  })
}
