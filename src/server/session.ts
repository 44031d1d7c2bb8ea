import type { Connection, RowDataPacket } from 'mysql2/promise'

import { closeConnection, rawConnection } from './open-connection.ts'
import { queryError } from './query-error.ts'
import { ApplyEvents } from './replication/apply-events.ts'

/** A value of a `?` in a statement. */
export type SqlValue = string | number | bigint | boolean | null | Buffer

/** A row, by column name. Integers beyond 2^53 and decimals come as text, times as text in UTC. */
export type Row = Readonly<Record<string, unknown>>

/**
 * One connection to a server and its session: what is set in it stays until it is closed. Its `sql_mode` is empty and its
 * time zone UTC, so statements of ours mean the same on every server.
 */
export class Session implements AsyncDisposable {
  readonly #connection: Connection
  #running = 0

  /** Takes over a connection of `openConnection`. */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Runs one statement and returns its rows (none when it has no result). Throws `QueryFailed`, `MissingPrivilege`, `AccessDenied` or `ConnectionFailed`. */
  async query(sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    this.#running += 1
    try {
      const [rows] = await this.#connection.query<RowDataPacket[]>(sql, [...values])
      return Array.isArray(rows) ? rows : []
    } catch (error) {
      throw queryError(sql, error)
    } finally {
      this.#running -= 1
    }
  }

  /**
   * Applies events of a binary log as they are, as one BINLOG statement. Throws like
   * {@link Session.query}.
   */
  async applyEvents(events: readonly Uint8Array[]): Promise<void> {
    this.#running += 1
    try {
      await new ApplyEvents(events).run(rawConnection(this.#connection))
    } catch (error) {
      throw queryError('BINLOG', error)
    } finally {
      this.#running -= 1
    }
  }

  /** Runs statements one after the other. */
  async run(statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.query(statement)
  }

  /** The first column of the first row as text; undefined when there is none, or it is NULL. */
  async value(sql: string, values: readonly SqlValue[] = []): Promise<string | undefined> {
    const [row] = await this.query(sql, values)
    const value: unknown = row === undefined ? undefined : Object.values(row)[0]
    return value === null || value === undefined ? undefined : asText(value)
  }

  /** The first column of every row as text. */
  async column(sql: string, values: readonly SqlValue[] = []): Promise<readonly string[]> {
    return (await this.query(sql, values)).map((row) => asText(Object.values(row)[0]))
  }

  /** The connection's id on the server. */
  get id(): number {
    return this.#connection.threadId
  }

  /** Ends the session, also in the middle of a statement; idempotent. */
  async close(): Promise<void> {
    await closeConnection(this.#connection, this.#running === 0 ? 'politely' : 'at once')
  }

  /** {@link Session.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A value of a row as text. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value.toString('utf8')
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  return value === null || value === undefined ? '' : JSON.stringify(value)
}
