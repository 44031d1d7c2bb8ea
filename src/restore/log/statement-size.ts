import { EventType } from '../../binlog/event-type.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import { endsStatement, ROWS_LAYOUTS } from '../../binlog/rows-event.ts'
import { PitrError } from '../../errors.ts'

/**
 * The most one statement can have: the upper limit of `max_allowed_packet`, less what stands around the events. See
 * [Packet Too Large](https://dev.mysql.com/doc/refman/en/packet-too-large.html).
 */
const MAX_STATEMENT_BYTES: number = 2 ** 30 - 1024

/**
 * Adds up the row events of each statement: the binlog programs print all of them as one BINLOG statement, which a server
 * cannot take when it is larger than its largest packet. Throws `Unreplayable` for one that is.
 */
export class StatementSize {
  readonly #file: string
  readonly #limit: number
  #bytes = 0

  /** @param file name of the binlog file, for errors */
  constructor(file: string, limit: number = MAX_STATEMENT_BYTES) {
    this.#file = file
    this.#limit = limit
  }

  /** Takes the next event. */
  add(event: BinlogEvent): void {
    const { type, length, offset } = event
    if (ROWS_LAYOUTS[type] === undefined && type !== EventType.TableMap) return
    this.#bytes += base64Bytes(length)
    if (this.#bytes > this.#limit) throw tooLarge(this.#file, offset, this.#limit)
    if (endsStatement(event)) this.#bytes = 0
  }
}

/** Length of the text of an event: base64 in lines of 76 characters. */
function base64Bytes(bytes: number): number {
  const characters = Math.ceil(bytes / 3) * 4
  return characters + Math.ceil(characters / 76)
}

function tooLarge(file: string, offset: number, limit: number): PitrError {
  return new PitrError('Unreplayable', {
    subject: `${file}:${offset}`,
    message: `the row events of one statement at ${file}:${offset} are larger than the ${limit} bytes a server takes as one statement`,
    hint: 'A target before this transaction can be restored, or one after a later image.',
    details: { file, offset },
  })
}
