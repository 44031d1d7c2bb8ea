import type { Flavor } from '../coordinates/flavor.ts'
import { EventType } from './event-type.ts'
import { EventFlag } from './event.ts'
import type { BinlogEvent } from './event.ts'
import { corruptBinlog } from './log-problem.ts'
import { readQuery } from './query-event.ts'
import type { LoggedQuery } from './query-event.ts'
import { SqlMode } from './query-status.ts'
import { classifyStatement } from './statement.ts'
import type { Statement, StatementKind } from './statement.ts'
import { readXaStatement } from './xa-part.ts'
import type { XaPart } from './xa-part.ts'

/** A statement found in a log. */
export interface LoggedStatement {
  readonly kind: StatementKind
  /** Of kind `xa`: whether it begins or ends the changes of an XA transaction. */
  readonly xa: 'start' | 'end' | 'other'
  /** What it says of an XA transaction that was prepared before. */
  readonly xaPart: XaPart | undefined
  readonly statement: Statement
  /** MariaDB: whether it is the begin or the end of an ALTER TABLE that is logged in two parts. */
  readonly isPartOfAlter: boolean
  /** Its text, at most {@link MAX_TEXT_BYTES}. */
  readonly text: string
}

/** How much of a statement's text is kept. */
const MAX_TEXT_BYTES = 4 * 1024
/** How much of a statement is read to understand it: the rest of a longer one is rows. */
const MAX_CLASSIFIED_BYTES = 256 * 1024

// Execute_load_query_event in MySQL's load_data_events.h: the fields of a Query event and 13 bytes more.
const LOAD_QUERY_EXTRA_BYTES = 13

/** Reads the statements of a log. */
export class LoggedStatements {
  /** Whose statements; found in the format description when not known from the start. */
  flavor: Flavor

  constructor(flavor: Flavor = 'mysql') {
    this.flavor = flavor
  }

  /** Reads and classifies the statement of a Query event. */
  read(event: BinlogEvent): LoggedStatement {
    const query = readQuery(event)
    const sql = query.text.toString('utf8', 0, MAX_CLASSIFIED_BYTES)
    const isAnywhere = query.database === '' || (event.flags & EventFlag.suppressUse) !== 0
    const classified = this.#classify(query, sql)
    const statement = isAnywhere ? classified : { ...classified, executedIn: query.database }
    return {
      kind: statement.kind,
      xa: xaVerb(sql),
      xaPart: readXaStatement(sql),
      statement,
      isPartOfAlter: query.status.isPartOfAlter,
      text: head(query.text),
    }
  }

  /** The statement that made the row events which follow, at most {@link MAX_TEXT_BYTES}. */
  annotation({ type, buffer, bodyStart, bodyEnd }: BinlogEvent): string {
    // Rows_query_event: one byte, the length modulo 256, is to be ignored; Annotate_rows has none.
    const start = Math.min(bodyEnd, type === EventType.RowsQuery ? bodyStart + 1 : bodyStart)
    return head(buffer.subarray(start, bodyEnd))
  }

  /** The statement of a LOAD DATA, at most {@link MAX_TEXT_BYTES}. */
  loadText(event: BinlogEvent): string {
    const { buffer, bodyStart, bodyEnd } = event
    if (bodyEnd - bodyStart < 13 + LOAD_QUERY_EXTRA_BYTES) throw corruptBinlog(event, 'a LOAD DATA event is too short')
    const start =
      bodyStart + 13 + LOAD_QUERY_EXTRA_BYTES + buffer.readUInt16LE(bodyStart + 11) + buffer[bodyStart + 8]! + 1
    if (start > bodyEnd) throw corruptBinlog(event, 'the fields of a LOAD DATA event do not fit into it')
    return head(buffer.subarray(start, bodyEnd))
  }

  #classify({ database, status, text }: LoggedQuery, sql: string): Statement {
    const statement = classifyStatement(sql, database, {
      flavor: this.flavor,
      ansiQuotes: (status.sqlMode & SqlMode.AnsiQuotes) !== 0,
      noBackslashEscapes: (status.sqlMode & SqlMode.NoBackslashEscapes) !== 0,
    })
    const isWhole = text.length <= MAX_CLASSIFIED_BYTES
    const changes = [...statement.changes, ...unnamedDatabases(statement, status.updatedDatabases ?? [])]
    return { ...statement, changes, tablesKnown: statement.tablesKnown && isWhole }
  }
}

/** The databases that only the server knew a statement changes. */
function unnamedDatabases({ changes, tablesKnown }: Statement, databases: readonly string[]): { database: string }[] {
  if (tablesKnown) return []
  const missing = databases.filter((name) => name !== '' && !changes.some(({ database }) => database === name))
  return missing.map((database) => ({ database }))
}

function xaVerb(sql: string): LoggedStatement['xa'] {
  const verb = /^XA\s+(START|BEGIN|END)\b/i.exec(sql)?.[1]?.toUpperCase()
  if (verb === undefined) return 'other'
  return verb === 'END' ? 'end' : 'start'
}

/** Cuts between characters: a replacement character at the end would be a lie. */
function head(text: Buffer): string {
  let end = Math.min(text.length, MAX_TEXT_BYTES)
  if (end < text.length) while (end > 0 && (text[end]! & 0xc0) === 0x80) end--
  return text.toString('utf8', 0, end)
}
