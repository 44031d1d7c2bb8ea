import { EventType } from '../../binlog/event-type.ts'
import type { BinlogEvent } from '../../binlog/event.ts'
import { readQuery } from '../../binlog/query-event.ts'
import { endsStatement, ROWS_LAYOUTS } from '../../binlog/rows-event.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import { uncompressedLength } from '../../binlog/uncompressed-rows.ts'
import { PitrError } from '../../errors.ts'
import type { SizeLimits } from '../replay/replayer.ts'
import { OpenEntries } from './open-entries.ts'

/** Something too large. */
interface Excess {
  readonly offset: number
  readonly of: 'statement' | 'rowEvent'
}

/**
 * Finds what is too large for a replayer to send, in transactions that it would send. The binlog programs print all row
 * events of a statement as one BINLOG statement, which a server cannot take when it is larger than its largest packet.
 */
export class StatementSize {
  readonly #file: string
  readonly #limits: SizeLimits
  /** Row events of the statement so far, as text. */
  #bytes = 0
  /** In transactions of which nobody said yet whether they are replayed. */
  readonly #found = new OpenEntries<Excess>()

  /** @param file name of the binlog file, for errors */
  constructor(file: string, limits: SizeLimits) {
    this.#file = file
    this.#limits = limits
  }

  /** Takes the next event. */
  add(event: BinlogEvent): void {
    const { type, length: storedLength, offset } = event
    if (ROWS_LAYOUTS[type] !== undefined || type === EventType.TableMap) {
      const length = uncompressedLength(event)
      if (length > (this.#limits.rowEventBytes ?? Number.POSITIVE_INFINITY)) this.#found.add({ offset, of: 'rowEvent' })
      const before = this.#bytes
      this.#bytes += base64Bytes(length)
      if (before <= this.#limits.statementBytes) this.#addStatement(this.#bytes, offset)
      if (endsStatement(event)) this.#bytes = 0
    } else if (type === EventType.Query) {
      this.#addStatement(storedLength, offset)
    } else if (type === EventType.QueryCompressed) {
      this.#addStatement(readQuery(event).text.length, offset)
    } else if (type === EventType.UserVar) {
      // Printed as hexadecimal digits.
      this.#addStatement(2 * storedLength, offset)
    }
  }

  /** The transaction is replayed: throws `Unreplayable` when something of it is too large. */
  requireFits(transaction: Transaction): void {
    const { rowEventBytes, statementBytes, hint } = this.#limits
    // Those that are row events alone are sent as they are, where a replayer can do that.
    const isPrinted = rowEventBytes === undefined || transaction.rowsObstacle !== undefined
    const of: Excess['of'] = isPrinted ? 'statement' : 'rowEvent'
    const excess = this.#found.take(transaction).find((each) => each.of === of)
    if (excess === undefined) return
    const { offset } = excess
    const at = formatBinlogPosition({ file: this.#file, offset })
    const what = isPrinted ? 'a statement, or the row events of one,' : 'a row event'
    throw new PitrError('Unreplayable', {
      subject: at,
      message: `${what} at ${at}, in the transaction ${transaction.gtid ?? 'without a GTID'}, is larger than the ${isPrinted ? statementBytes : rowEventBytes} bytes that can be replayed`,
      hint,
      details: { file: this.#file, offset, start: transaction.start, gtid: transaction.gtid },
    })
  }

  /** The transaction is not replayed. */
  leaveOut(transaction: Transaction): void {
    this.#found.take(transaction)
  }

  #addStatement(bytes: number, offset: number): void {
    if (bytes > this.#limits.statementBytes) this.#found.add({ offset, of: 'statement' })
  }
}

/** Length of the text of an event: base64 in lines of 76 characters. */
function base64Bytes(bytes: number): number {
  const characters = Math.ceil(bytes / 3) * 4
  return characters + Math.ceil(characters / 76)
}
