import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { binlogFileNumber } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'

/** The header of a dump is about 1.5 KiB; what is not in this much is not coming. */
export const MAX_HEADER_BYTES: number = 64 * 1024

// Above this line stand the host and the first database, whose name may hold line breaks and a position of its own; they
// are written as comments, so nothing in a name can begin like this. Below the position names come again.
const NAMES_END = /^\/\*!40101 SET @OLD_SQL_MODE=/
const NAMES_BEGIN = /^-- Current Database:/

/**
 * Finds the position in the first part of a dump, line by line. Only the lines between the session settings and the
 * first database count: a database, table or comment cannot forge one.
 */
export class DumpHeader {
  readonly #positionLine: RegExp
  #text = ''
  #bytes = 0
  #section: 'names' | 'settings' = 'names'

  /** `positionLine` has the groups `file` and `offset`. */
  constructor(positionLine: RegExp) {
    this.#positionLine = positionLine
  }

  /** Takes the next bytes of the dump; answers with the position as soon as its line is complete. Throws `DumpIncomplete`. */
  add(chunk: Uint8Array): BinlogPosition | undefined {
    const room = MAX_HEADER_BYTES - this.#bytes
    this.#bytes += Math.min(chunk.length, room)
    // Latin 1 keeps every byte apart; all that is looked for is ASCII.
    this.#text += Buffer.from(chunk.subarray(0, room)).toString('latin1')
    const lines = this.#text.split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) {
      const position = this.#read(line)
      if (position !== undefined) return position
    }
    if (this.#bytes === MAX_HEADER_BYTES) throw noPosition(`its first ${MAX_HEADER_BYTES} bytes hold none`)
    return undefined
  }

  #read(line: string): BinlogPosition | undefined {
    if (this.#section === 'names') {
      if (NAMES_END.test(line)) this.#section = 'settings'
      return undefined
    }
    if (NAMES_BEGIN.test(line)) throw noPosition('its data begins without one')
    const { file, offset } = this.#positionLine.exec(line)?.groups ?? {}
    if (file === undefined || offset === undefined) return undefined
    binlogFileNumber(file)
    return { file, offset: Number(offset) }
  }
}

/** A dump without a position. */
export function noPosition(why: string): PitrError {
  return new PitrError('DumpIncomplete', {
    subject: 'the dump',
    message: `the dump does not say which binlog position it represents: ${why}`,
    hint: 'Check that the server writes a binary log and that the dump program is one of its own family and not older than the server.',
  })
}
