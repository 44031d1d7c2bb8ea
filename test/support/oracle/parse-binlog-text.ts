import type { LoggedTransaction } from './logged-transaction.ts'

/** What {@link parseBinlogText} must know beside the text. */
export interface BinlogText {
  /** Name of the file the text was printed from. */
  readonly file: string
  /** Tells the tables whose first column numbers the transactions, by their names as the program prints them: `` `shop`.`ledger` ``. */
  readonly labelTables: RegExp
}

// `# at` alone is no event: MariaDB prints it for events it holds back, and any statement may hold such a line.
const AT = /^# at (\d+)$/
const HEADER =
  /^#(\d\d)(\d\d)(\d\d) ([ \d]\d):(\d\d):(\d\d) server id \d+ {2}end_log_pos (\d+) (?:CRC32 0x[0-9a-f]{8} )?\t(.*)$/
// Events between transactions.
const BETWEEN = /^(?:Start: binlog|Previous-GTIDs|Gtid list|Binlog checkpoint|Rotate to|Stop|Heartbeat|Ignorable)/
const GTID = /^(?:GTID|Anonymous_GTID)[\t ]/
const ROWS = /^(?:Write|Update|Delete)_(?:compressed_)?rows/i
const SETTING = /^(?:SET |\/\*!|\/\*M!|DELIMITER |use )/

/**
 * Reads the transactions from what `mysqlbinlog -vv` or `mariadb-binlog -vv` prints for one file. This is the tests' only
 * source for the order of transactions; it shares no code with the library.
 */
export async function parseBinlogText(
  lines: AsyncIterable<string>,
  { file, labelTables }: BinlogText,
): Promise<LoggedTransaction[]> {
  const transactions: LoggedTransaction[] = []
  let group: Group | undefined
  let at = 0
  const close = (next: number | undefined): void => {
    if (group !== undefined) transactions.push(group.finish(next))
    group = undefined
  }
  for await (const line of lines) {
    const offset = AT.exec(line)?.[1]
    const header = HEADER.exec(line)
    if (offset !== undefined) at = Number(offset)
    else if (header === null) group?.text(line, labelTables)
    else {
      const event = readHeader(header)
      if (GTID.test(event.what)) {
        close(at)
        group = new Group(file, at)
      } else if (BETWEEN.test(event.what)) close(at)
      group?.event(event)
    }
  }
  close(undefined)
  return transactions
}

interface Header {
  readonly microseconds: number
  /** 0 for the events inside a transaction on MariaDB 11. */
  readonly end: number
  readonly what: string
}

function readHeader([, year, month, day, hour, minute, second, end, what]: readonly string[]): Header {
  const milliseconds = Date.parse(`20${year}-${month}-${day}T${hour?.trim().padStart(2, '0')}:${minute}:${second}Z`)
  return { microseconds: milliseconds * 1000, end: Number(end), what: what ?? '' }
}

/** The lines of one transaction. */
class Group {
  readonly #file: string
  readonly #start: number
  #end = 0
  #gtid: string | undefined
  #exactTime: number | undefined
  #lastTime = 0
  #rowEvents = 0
  #rows = 0
  #label: number | undefined
  #labelFollows = false
  readonly #statements: string[] = []
  #statement: string[] = []

  constructor(file: string, start: number) {
    this.#file = file
    this.#start = start
  }

  event({ microseconds, end, what }: Header): void {
    // A statement's header tells when it began, and its line for how long it ran before it was logged.
    const ran = Number(/^Query\tthread_id=\d+\texec_time=(\d+)/.exec(what)?.[1] ?? 0)
    this.#lastTime = ((microseconds / 1e6 + ran) % 2 ** 32) * 1e6
    this.#end = end
    this.#statement = []
    if (ROWS.test(what)) this.#rowEvents++
    // MySQL tells the microsecond in the GTID event, MariaDB the GTID itself.
    const exact = /immediate_commit_timestamp=(\d+)/.exec(what)?.[1]
    if (exact !== undefined) this.#exactTime = Number(exact)
    const gtid = /^GTID (\d+-\d+-\d+)/.exec(what)?.[1]
    if (gtid !== undefined) this.#gtid = gtid
  }

  text(line: string, labelTables: RegExp): void {
    const gtid = /^SET @@SESSION\.GTID_NEXT= '([^']+)'/.exec(line)?.[1]
    // The program's own last line says AUTOMATIC.
    if (gtid !== undefined && gtid.includes(':')) this.#gtid = gtid
    else if (line.startsWith('###')) this.#row(line, labelTables)
    else if (line === '/*!*/;') this.#endStatement()
    else if (!line.startsWith('#') && !SETTING.test(line)) this.#statement.push(line)
  }

  #row(line: string, labelTables: RegExp): void {
    const [, verb, table] = /^### (INSERT INTO|UPDATE|DELETE FROM) (.*)$/.exec(line) ?? []
    if (table !== undefined) {
      this.#rows++
      this.#labelFollows = this.#label === undefined && verb === 'INSERT INTO' && labelTables.test(table)
    } else if (this.#labelFollows) {
      const value = /^### {3}@1=(\d+)/.exec(line)?.[1]
      if (value === undefined) return
      this.#label = Number(value)
      this.#labelFollows = false
    }
  }

  #endStatement(): void {
    const statement = this.#statement.join('\n')
    this.#statement = []
    if (statement !== '' && statement !== 'BEGIN' && statement !== 'START TRANSACTION') this.#statements.push(statement)
  }

  finish(next: number | undefined): LoggedTransaction {
    // The text says twice where a transaction ends; an oracle that contradicts itself is none.
    if (next !== undefined && next !== this.#end) {
      throw new Error(
        `${this.#file}: a transaction from ${this.#start} ends at ${this.#end}, the next event is at ${next}`,
      )
    }
    return {
      file: this.#file,
      start: this.#start,
      end: this.#end,
      gtid: this.#gtid,
      commitMicroseconds: this.#exactTime ?? this.#lastTime,
      statements: this.#statements,
      rowEvents: this.#rowEvents,
      rows: this.#rows,
      label: this.#label,
    }
  }
}
