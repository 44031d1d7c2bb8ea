import type { BinlogPosition } from '../../coordinates/binlog-position.ts'
import { PitrError } from '../../errors.ts'
import type { Logger } from '../../options.ts'
import type { Server } from '../../server/server.ts'

/** How long one try for the lock waits on the server; afterwards it is tried again, so that an end of the dump is noticed. */
const LOCK_WAIT_SECONDS = 2

/** A year, the most there is: https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_wait_timeout */
const LONGEST_WAIT_SECONDS = 31_536_000

/** ER_LOCK_WAIT_TIMEOUT */
const LOCK_WAIT_TIMEOUT = 1205

/** What a {@link DdlGuard} works with. */
export interface DdlGuardOptions {
  readonly server: Server
  readonly logger: Logger
  /** Whether DDL has to be blocked, or something else does it. */
  readonly block: boolean
  /** Looks at the server's definitions again and throws when they are not what the dump was started for. */
  readonly verify: () => Promise<void>
}

/**
 * Keeps definitions as they are while a dump streams, from the moment its position is known.
 *
 * Not earlier: a DDL statement that waits for MySQL's backup lock holds the global intention lock already. mysqldump's
 * FLUSH TABLES WITH READ LOCK would wait for that statement, the statement for our lock and our lock for mysqldump, with
 * every write of the server behind them (measured on 9.7.4 with ALTER, CREATE, DROP, TRUNCATE, CREATE USER and more).
 * DDL that came all the same is in the log, which is why {@link DdlGuard.finish} answers with a log position.
 *
 * It works beside the stream and never holds it up: DDL that is running when it begins waits for tables the dump reads,
 * the lock waits for the DDL, so the dump must go on.
 */
export class DdlGuard implements AsyncDisposable {
  readonly #options: DdlGuardOptions
  readonly #held = new AsyncDisposableStack()
  readonly #work: Promise<void>
  #finished = false
  #failure: { readonly error: unknown } | undefined

  private constructor(options: DdlGuardOptions) {
    this.#options = options
    this.#work = this.#guard().catch((error: unknown) => {
      this.#failure = { error }
    })
  }

  /** Begins. */
  static start(options: DdlGuardOptions): DdlGuard {
    return new DdlGuard(options)
  }

  /** Throws what was found out so far, so that a dump that is in vain ends early. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /**
   * Called when the last byte was dumped. Answers with the end of the range of the log in which DDL was possible: the whole
   * dump, whether DDL was blocked or not, because a lock is gone with its session and nobody is told.
   */
  async finish(): Promise<BinlogPosition> {
    this.#finished = true
    await this.#work
    this.check()
    const { server } = this.#options
    return server.withSession(async (session) => (await server.dialect.binlogEnd(session)).position)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finished = true
    await this.#work
    await this.#held.disposeAsync()
  }

  async #guard(): Promise<void> {
    if (this.#options.block) await this.#block()
    await this.#options.verify()
  }

  async #block(): Promise<void> {
    while (!this.#finished) {
      try {
        this.#held.use(await blockDdl(this.#options.server))
        return
      } catch (error) {
        if (!(error instanceof PitrError)) throw error
        if (error.code === 'MissingPrivilege') {
          this.#options.logger.warn(
            `DDL is not blocked while the backup is taken, because ${error.message}; a change of a table definition in that time fails the backup`,
          )
          return
        }
        if (error.details['errno'] !== LOCK_WAIT_TIMEOUT) throw error
      }
    }
  }
}

// A session for each try: one that failed in the middle of several statements is not fit for the next. DDL is free when it
// ends, which it may have done long ago: then the log tells whether that did harm.
async function blockDdl(server: Server): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack()
  const session = held.use(await server.openSession())
  await session.run([
    `SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
    // It is idle for as long as the dump takes; with its end the lock would be gone.
    `SET SESSION wait_timeout = ${LONGEST_WAIT_SECONDS}`,
  ])
  await server.dialect.blockDdl(session)
  return held.move()
}
