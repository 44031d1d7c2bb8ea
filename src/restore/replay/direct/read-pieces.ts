import { EventType } from '../../../binlog/event-type.ts'
import type { BinlogEvent } from '../../../binlog/event.ts'
import { gtidOf } from '../../../binlog/gtid-of.ts'
import { endsStatement } from '../../../binlog/rows-event.ts'
import { readTransactionPayload, streamTransactionPayload, unpackedBytes } from '../../../binlog/transaction-payload.ts'
import { uncompressedLength } from '../../../binlog/uncompressed-rows.ts'
import type { Transaction } from '../../../binlog/transaction.ts'
import { LARGE_TRANSACTION_BYTES } from '../../log/planned-file.ts'
import type { ReplayFile } from '../replayer.ts'

/** A whole transaction, or a part of a large one. Its events are copies and stay valid. */
export interface LogPiece {
  /** `rows`: its row events can be applied together with those of its neighbors. `text`: the binlog program has to print it. */
  readonly kind: 'rows' | 'text'
  /** All its events as they are in the file, those of a large compressed transaction unpacked. */
  readonly events: readonly BinlogEvent[]
  /** Of a part: the table maps before it that its rows need. */
  readonly maps: readonly BinlogEvent[]
  /** Size of the part of the file it stands for. */
  readonly bytes: number
  /** Size of its events when nothing in them is compressed. */
  readonly unpackedBytes: number
  /** Where the transaction begins in the file. */
  readonly start: number
  /** Whether the transaction begins in it. */
  readonly begins: boolean
  /** The transaction, when it ends in it. */
  readonly ends?: Transaction | undefined
  /** GTID of the transaction. */
  readonly gtid?: string | undefined
}

/** Cuts a file into transactions, and large transactions into pieces: what is held does not grow with the log. */
export async function* readPieces(file: ReplayFile): AsyncGenerator<LogPiece, void, undefined> {
  const open = new OpenTransaction()
  for await (const { events, transactions } of file.transactions()) {
    let next = 0
    for (const event of events) {
      const transaction = transactions[next]
      if (transaction !== undefined && isLargePayload(event, transaction)) {
        yield* unpack(event, transaction, open)
        next += 1
        continue
      }
      open.add(event.detached())
      if (transaction?.end === event.end) {
        yield open.end(transaction)
        next += 1
      } else if (open.unpackedBytes > LARGE_TRANSACTION_BYTES) {
        yield open.cut(file.largeStatements.has(open.start) ? 'text' : 'rows')
      }
    }
  }
}

/** Row events alone that are too many to be unpacked at once. */
function isLargePayload(event: BinlogEvent, { end, rowsObstacle }: Transaction): boolean {
  const isPayload = event.type === EventType.TransactionPayload && event.end === end
  return isPayload && rowsObstacle === undefined && unpackedLength(event) > LARGE_TRANSACTION_BYTES
}

async function* unpack(
  payload: BinlogEvent,
  transaction: Transaction,
  open: OpenTransaction,
): AsyncGenerator<LogPiece, void, undefined> {
  for await (const event of streamTransactionPayload(payload)) {
    open.add(event)
    if (open.unpackedBytes > LARGE_TRANSACTION_BYTES) yield open.cut('rows', 0)
  }
  yield open.end(transaction, payload.length)
}

/** The events of the transaction under way that no piece holds yet. */
class OpenTransaction {
  #events: BinlogEvent[] = []
  #maps: readonly BinlogEvent[] = []
  #bytes = 0
  #unpackedBytes = 0
  #start: number | undefined
  #gtid: string | undefined
  #hasPieces = false

  get unpackedBytes(): number {
    return this.#unpackedBytes
  }

  get start(): number {
    return this.#start ?? 0
  }

  add(event: BinlogEvent): void {
    if (this.#start === undefined) {
      this.#start = event.offset
      this.#gtid = gtidOf(event)
    }
    this.#events.push(event)
    this.#bytes += event.end - event.offset
    this.#unpackedBytes += unpackedLength(event)
  }

  /** What was added since the last piece; the transaction goes on. `fileBytes`: what it is in the file, if not its own size. */
  cut(kind: LogPiece['kind'], fileBytes?: number): LogPiece {
    const piece = this.#piece(kind, undefined, fileBytes)
    const statement = [...piece.maps, ...piece.events]
    this.#maps = statement
      .slice(statement.findLastIndex(endsStatement) + 1)
      .filter(({ type }) => type === EventType.TableMap)
    this.#hasPieces = true
    return piece
  }

  /** What was added since the last piece; the next event begins another transaction. */
  end(transaction: Transaction, fileBytes?: number): LogPiece {
    const piece = this.#piece(transaction.rowsObstacle === undefined ? 'rows' : 'text', transaction, fileBytes)
    this.#maps = []
    this.#start = undefined
    this.#hasPieces = false
    return piece
  }

  #piece(kind: LogPiece['kind'], ends: Transaction | undefined, fileBytes: number = this.#bytes): LogPiece {
    const piece = {
      kind,
      events: this.#events,
      maps: this.#maps,
      bytes: fileBytes,
      unpackedBytes: this.#unpackedBytes,
      start: this.start,
      begins: !this.#hasPieces,
      ends,
      gtid: this.#gtid,
    }
    this.#events = []
    this.#bytes = 0
    this.#unpackedBytes = 0
    return piece
  }
}

function unpackedLength(event: BinlogEvent): number {
  return event.type === EventType.TransactionPayload ? unpackedBytes(event) : uncompressedLength(event)
}

/** The events of a piece, those of a compressed transaction unpacked. */
export function eventsOf({ events }: LogPiece): readonly BinlogEvent[] {
  return events.flatMap((event) =>
    event.type === EventType.TransactionPayload ? [...readTransactionPayload(event)] : [event],
  )
}
