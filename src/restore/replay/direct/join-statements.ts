import { EventType } from '../../../binlog/event-type.ts'
import { BinlogEvent, HEADER_BYTES } from '../../../binlog/event.ts'
import { corruptBinlog } from '../../../binlog/log-problem.ts'
import { endsStatement, FLAGS_AT, ROWS_LAYOUTS, STATEMENT_END } from '../../../binlog/rows-event.ts'
import { TABLE_ID_BYTES } from '../../../binlog/table-map.ts'
import { tableId } from '../../../binlog/table-maps.ts'
import { writeChecksum } from '../../../binlog/write-checksum.ts'

/** The server opens and locks all of them at once. */
const MAX_TABLES = 64

/**
 * Makes few statements of many: the table maps and row events of a batch as the server shall get them.
 *
 * A server opens and locks the tables of a statement when its first rows come, and closes them behind its last: for short
 * statements that takes longer than the rows do. The rows are the same, in the same order. Statements become one only where
 * the server applies the rows of both alike: of the same second and server, and with the same flags.
 *
 * Two updates of the same table never follow each other in one statement: the server would log them as one event, which may
 * then update a row twice, and MySQL applies such an event wrongly (see `UpdatesApart`). Tables without transactions, whose
 * statement must stay one, do not come here.
 */
export function joinStatements(events: readonly BinlogEvent[]): readonly BinlogEvent[] {
  const joined: BinlogEvent[] = []
  const statement = new JoinedStatement(joined)
  for (const event of events) {
    if (event.type === EventType.TableMap) statement.addMap(event)
    else statement.addRows(event)
  }
  statement.end()
  return joined
}

/** The statement under way. */
class JoinedStatement {
  readonly #to: BinlogEvent[]
  /** The maps of the source's statement that its rows need, by table id. */
  readonly #ofSource = new Map<number, BinlogEvent>()
  /** Whether a statement of the source has ended: its maps are done with. */
  #sourceEnded = false
  readonly #maps = new Map<number, BinlogEvent>()
  readonly #tables = new Set<string>()
  #rows: BinlogEvent[] = []

  constructor(to: BinlogEvent[]) {
    this.#to = to
  }

  addMap(event: BinlogEvent): void {
    if (this.#sourceEnded) {
      this.#ofSource.clear()
      this.#sourceEnded = false
    }
    this.#ofSource.set(tableId(event), event)
  }

  addRows(event: BinlogEvent): void {
    const id = tableId(event)
    const map = this.#ofSource.get(id)
    if (map === undefined) throw corruptBinlog(event, `a row event for table id ${id}, which no table map names`)
    if (!this.#isAlike(event, id) || !this.#takesMap(id, map)) {
      this.end()
      this.#takesMap(id, map)
    }
    this.#rows.push(event)
    this.#sourceEnded = endsStatement(event)
  }

  /** Writes it. */
  end(): void {
    const last = this.#rows.pop()
    if (last === undefined) return
    for (const map of this.#maps.values()) this.#to.push(map)
    for (const event of this.#rows) this.#to.push(endsStatement(event) ? withFlag(event, false) : event)
    this.#to.push(endsStatement(last) ? last : withFlag(last, true))
    this.#maps.clear()
    this.#tables.clear()
    this.#rows = []
  }

  #isAlike(event: BinlogEvent, id: number): boolean {
    const last = this.#rows.at(-1)
    if (last === undefined) return true
    const followsUpdate =
      event.type === last.type && ROWS_LAYOUTS[event.type]?.action === 'updated' && tableId(last) === id
    return (
      !followsUpdate &&
      event.timestamp === last.timestamp &&
      event.serverId === last.serverId &&
      event.flags === last.flags &&
      flagsOf(event) === flagsOf(last)
    )
  }

  /** Takes the map of a table; false when it does not go with those that are there. */
  #takesMap(id: number, map: BinlogEvent): boolean {
    const known = this.#maps.get(id)
    if (known !== undefined) return known === map || known.body.equals(map.body)
    // A table that went out of the server's cache comes back with another id.
    const table = map.body.toString('latin1', TABLE_ID_BYTES)
    if (this.#tables.has(table) || this.#maps.size >= MAX_TABLES) return false
    this.#maps.set(id, map)
    this.#tables.add(table)
    return true
  }
}

function flagsOf({ buffer, bodyStart }: BinlogEvent): number {
  return buffer.readUInt16LE(bodyStart + FLAGS_AT) & ~STATEMENT_END
}

/** The same rows, as the last ones of their statement or not. */
function withFlag(event: BinlogEvent, ends: boolean): BinlogEvent {
  const bytes = Buffer.from(event.bytes)
  if (ends) bytes[HEADER_BYTES + FLAGS_AT]! |= STATEMENT_END
  else bytes[HEADER_BYTES + FLAGS_AT]! &= ~STATEMENT_END
  if (event.checksumBytes > 0) writeChecksum(bytes)
  return new BinlogEvent(event.file, bytes, 0, bytes.length, event.offset, event.checksumBytes, event.end)
}
