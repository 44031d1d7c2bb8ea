import { eventEndIn } from '../printed-lines.ts'

/** What ends a statement in the output of the binlog programs, behind their DELIMITER line. */
const DELIMITER = '/*!*/;'
const LINE_END = 0x0a
const HASH = 0x23

/** A statement that a client would send. */
export interface PrintedStatement {
  readonly sql: Buffer
  /** Where the last event that was printed before it ends in its file; undefined before the first. */
  readonly eventEnd: number | undefined
}

/**
 * Cuts the output of mysqlbinlog or mariadb-binlog into the statements that a client would send.
 *
 * The text of logged statements is untrusted: it may hold what looks like the end of one statement and the begin of
 * another. So it is not searched: the caller knows it from the log, and it is taken as a whole where it comes. All other
 * lines are the program's own; an identifier in one of them that holds an end leaves a statement that no server accepts.
 */
export class StatementReader {
  readonly #logged: Buffer[] = []
  #rest: Buffer = Buffer.alloc(0)
  /** The lines of a statement that has not ended yet. */
  #lines: Buffer[] = []
  #delimiter = ';'
  #eventEnd: number | undefined

  /** The text of the next logged statement, told before the program prints it. */
  expect(statement: Buffer): void {
    this.#logged.push(printed(statement))
  }

  /** Whether every logged statement came, and nothing is left over. */
  get isComplete(): boolean {
    return this.#logged.length === 0 && this.#lines.length === 0 && this.#rest.length === 0
  }

  /** Takes the next output; returns the statements that are complete with it. */
  push(chunk: Uint8Array): PrintedStatement[] {
    const bytes = Buffer.concat([this.#rest, chunk])
    const statements: PrintedStatement[] = []
    const add = (sql: Buffer): unknown => statements.push({ sql, eventEnd: this.#eventEnd })
    let at = 0
    for (;;) {
      const [logged] = this.#logged
      if (logged !== undefined && this.#lines.length === 0) {
        const there = bytes.subarray(at, at + logged.length)
        if (there.equals(logged)) {
          add(there.subarray(0, -printed(Buffer.alloc(0)).length))
          this.#logged.shift()
          at += logged.length
          continue
        }
        if (there.length < logged.length && there.equals(logged.subarray(0, there.length))) break
      }
      const end = bytes.indexOf(LINE_END, at)
      if (end < 0) break
      const statement = this.#takeLine(bytes.subarray(at, end))
      if (statement !== undefined) add(statement)
      at = end + 1
    }
    // A copy: the statements may be views of the rest.
    this.#rest = Buffer.from(bytes.subarray(at))
    return statements
  }

  /** Takes one line of the program's own; returns the statement that it ends. */
  #takeLine(line: Buffer): Buffer | undefined {
    if (this.#lines.length === 0) {
      if (line[0] === HASH) this.#eventEnd = eventEndIn(line.toString('latin1')) ?? this.#eventEnd
      if (line.length === 0 || line[0] === HASH) return undefined
      const delimiter = /^DELIMITER (\S+)$/.exec(line.toString('latin1', 0, 40))?.[1]
      if (delimiter !== undefined) {
        this.#delimiter = delimiter
        return undefined
      }
    }
    if (line.toString('latin1', line.length - this.#delimiter.length) !== this.#delimiter) {
      this.#lines.push(Buffer.from(line), Buffer.from('\n'))
      return undefined
    }
    const statement = Buffer.concat([...this.#lines, line.subarray(0, line.length - this.#delimiter.length)])
    this.#lines = []
    return isForClient(statement) ? undefined : statement
  }
}

/** A logged statement as the programs print it. */
function printed(statement: Buffer): Buffer {
  return Buffer.concat([statement, Buffer.from(`\n${DELIMITER}\n`)])
}

/** A charset command tells the mysql client in what it will be sent; a server does not understand it. */
function isForClient(statement: Buffer): boolean {
  return statement.toString('latin1', 0, 5) === '/*!\\C'
}
