/** One transaction as the vendor's own program prints it from the server's log. */
export interface LoggedTransaction {
  /** Name of the binlog file. */
  readonly file: string
  /** Offset of its first event. */
  readonly start: number
  /** Offset behind its last event. */
  readonly end: number
  readonly gtid?: string | undefined
  /** Microseconds since 1970; whole seconds on MariaDB. */
  readonly commitMicroseconds: number
  /** Its statements, without the BEGIN and COMMIT around row events. */
  readonly statements: readonly string[]
  /** Row events and rows in them. */
  readonly rowEvents: number
  readonly rows: number
  /** First column of the first row it inserted into a label table. */
  readonly label?: number | undefined
}
