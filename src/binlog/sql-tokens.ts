import type { Flavor } from '../coordinates/flavor.ts'

/** One token of a statement. */
export interface SqlToken {
  /**
   * `word`: a keyword or a name without quotes; `name`: a quoted name; `string`: a literal; `symbol`: any other single
   * character; `end`: behind the last token.
   */
  readonly kind: 'word' | 'name' | 'string' | 'symbol' | 'end'
  /** What it says, without quotes. */
  readonly text: string
}

/** How a statement is to be read. */
export interface SqlDialect {
  /** Whose comments are executed: MariaDB executes `/*M! ... ` as well. */
  readonly flavor: Flavor
  /** Whether double quotes enclose names (sql_mode ANSI_QUOTES). */
  readonly ansiQuotes: boolean
  /** Whether a backslash in a string is just a character (sql_mode NO_BACKSLASH_ESCAPES). */
  readonly noBackslashEscapes: boolean
}

const END: SqlToken = { kind: 'end', text: '' }
const SPACE = /[\s\0]/
// Names without quotes: letters, digits, $, _ and everything from U+0080 on, see
// https://dev.mysql.com/doc/refman/en/identifiers.html
const WORD = /[\p{L}\p{N}\p{M}$_\u0080-\u{10ffff}]/u

/** Reads a statement token by token. Comments are passed over, but for the ones the server executed. */
export class SqlTokens {
  readonly #sql: string
  readonly #dialect: SqlDialect
  #at = 0
  #next: SqlToken | undefined
  /** Inside an executed comment its end is only a mark. */
  #isInExecutedComment = false

  constructor(sql: string, dialect: SqlDialect) {
    this.#sql = sql
    this.#dialect = dialect
  }

  /** The same tokens, from here on, for another reader. */
  copy(): SqlTokens {
    const copy = new SqlTokens(this.#sql, this.#dialect)
    copy.#at = this.#at
    copy.#next = this.#next
    copy.#isInExecutedComment = this.#isInExecutedComment
    return copy
  }

  /** The next token, which stays the next. */
  peek(): SqlToken {
    this.#next ??= this.#read()
    return this.#next
  }

  /** Takes the next token. */
  take(): SqlToken {
    const token = this.peek()
    this.#next = undefined
    return token
  }

  /** Takes the next token when it is one of these keywords (written in capitals); which one. */
  takeWord(...words: readonly string[]): string | undefined {
    const { kind, text } = this.peek()
    const word = kind === 'word' ? text.toUpperCase() : ''
    if (!words.includes(word)) return undefined
    this.#next = undefined
    return word
  }

  /** Takes these keywords when all of them follow each other; otherwise none. */
  takeWords(...words: readonly string[]): boolean {
    const [at, next, inComment] = [this.#at, this.#next, this.#isInExecutedComment]
    if (words.every((word) => this.takeWord(word) !== undefined)) return true
    this.#at = at
    this.#next = next
    this.#isInExecutedComment = inComment
    return false
  }

  /** Takes the next token when it is this character. */
  takeSymbol(symbol: string): boolean {
    const { kind, text } = this.peek()
    if (kind !== 'symbol' || text !== symbol) return false
    this.#next = undefined
    return true
  }

  #read(): SqlToken {
    this.#skipSpaceAndComments()
    const first = this.#sql[this.#at]
    if (first === undefined) return END
    if (first === '`' || (first === '"' && this.#dialect.ansiQuotes)) {
      return { kind: 'name', text: this.#readQuoted(first, false) }
    }
    if (first === "'" || first === '"') {
      return { kind: 'string', text: this.#readQuoted(first, !this.#dialect.noBackslashEscapes) }
    }
    const word = this.#readWord()
    if (word !== '') return { kind: 'word', text: word }
    this.#at++
    return { kind: 'symbol', text: first }
  }

  #skipSpaceAndComments(): void {
    for (;;) {
      const rest = this.#sql.startsWith('/*', this.#at) ? this.#sql.slice(this.#at, this.#at + 12) : ''
      if (SPACE.test(this.#sql[this.#at] ?? '')) this.#at++
      else if (rest !== '') this.#skipBlockComment(rest)
      else if (this.#isInExecutedComment && this.#sql.startsWith('*/', this.#at)) this.#leaveExecutedComment()
      else if (this.#startsLineComment()) this.#skipTo('\n')
      else return
    }
  }

  /** `rest` is the comment's beginning. */
  #skipBlockComment(rest: string): void {
    // A server rewrites version comments that it does not execute before it logs the statement (lex_one_token in
    // sql_lex.cc), so those found in a log were executed.
    const executed = (this.#dialect.flavor === 'mariadb' ? /^\/\*M?!\d{0,6}/ : /^\/\*!\d{0,6}/).exec(rest)
    if (executed === null) return this.#skipTo('*/')
    this.#at += executed[0].length
    this.#isInExecutedComment = true
  }

  #leaveExecutedComment(): void {
    this.#at += 2
    this.#isInExecutedComment = false
  }

  /** `-- ` needs the space, or it would be two minus signs. */
  #startsLineComment(): boolean {
    const first = this.#sql[this.#at]
    if (first === '#') return true
    return first === '-' && this.#sql[this.#at + 1] === '-' && /[\s\0]|^$/.test(this.#sql[this.#at + 2] ?? '')
  }

  #skipTo(mark: string): void {
    const end = this.#sql.indexOf(mark, this.#at + (mark === '*/' ? 2 : 0))
    this.#at = end < 0 ? this.#sql.length : end + mark.length
  }

  /** A quote in a quoted text is doubled, in strings also behind a backslash. */
  #readQuoted(quote: string, hasEscapes: boolean): string {
    let text = ''
    for (this.#at++; this.#at < this.#sql.length; this.#at++) {
      const character = this.#sql[this.#at]!
      if (character === '\\' && hasEscapes) {
        this.#at++
        text += this.#sql[this.#at] ?? ''
      } else if (character !== quote) {
        text += character
      } else if (this.#sql[this.#at + 1] === quote) {
        this.#at++
        text += quote
      } else {
        this.#at++
        break
      }
    }
    return text
  }

  #readWord(): string {
    const start = this.#at
    for (;;) {
      const character = this.#sql.codePointAt(this.#at)
      if (character === undefined || !WORD.test(String.fromCodePoint(character))) break
      this.#at += character > 0xffff ? 2 : 1
    }
    return this.#sql.slice(start, this.#at)
  }
}
