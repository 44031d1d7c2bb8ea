import { withoutServerStart } from '../../binlog/format-description.ts'
import type { Transaction } from '../../binlog/transaction.ts'
import type { ReplayDialect } from '../../server/flavor/replay-dialect.ts'
import type { ReplayChunk, ReplayFile } from './replayer.ts'

/** Magic, before the format description in a file's head. */
export const MAGIC_BYTES = 4

/** The file for a further run of the binlog program: its head says no more that the server was started, which drops temporary tables. */
export function goesOn(file: ReplayFile): ReplayFile {
  const [magic, format] = [file.head.subarray(0, MAGIC_BYTES), file.head.subarray(MAGIC_BYTES)]
  return { ...file, head: Buffer.concat([magic, withoutServerStart(format)]) }
}

/**
 * Whether a run of the binlog program must end behind a transaction. On MariaDB an XA PREPARE makes the session forget
 * whose temporary tables it uses, and the program says so again only in its next run.
 */
export function endsRun(
  { xa }: Pick<Transaction, 'xa'>,
  file: Pick<ReplayFile, 'usesTemporaryTables'>,
  dialect: Pick<ReplayDialect, 'xaPrepareForgetsThread'>,
): boolean {
  return dialect.xaPrepareForgetsThread && file.usesTemporaryTables && xa?.part === 'prepared'
}

/** Calls `print` with one part of the file after the other, each for a run of its own. */
export async function printInRuns(
  file: ReplayFile,
  dialect: Pick<ReplayDialect, 'xaPrepareForgetsThread'>,
  print: (part: ReplayFile) => Promise<void>,
): Promise<void> {
  const chunks = file.transactions()[Symbol.asyncIterator]()
  const runs = new Runs(chunks, (transaction) => endsRun(transaction, file, dialect))
  try {
    await print({ ...file, transactions: () => runs.next() })
    while (!runs.isAtEnd) await print({ ...goesOn(file), transactions: () => runs.next() })
  } finally {
    await chunks.return?.()
  }
}

/** Cuts what a file holds into runs. */
class Runs {
  readonly #chunks: AsyncIterator<ReplayChunk, unknown>
  readonly #isLast: (transaction: Transaction) => boolean
  #rest: ReplayChunk | undefined
  #isAtEnd = false

  constructor(chunks: AsyncIterator<ReplayChunk, unknown>, isLast: (transaction: Transaction) => boolean) {
    this.#chunks = chunks
    this.#isLast = isLast
  }

  /** Whether all of the file was given away. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** The next run, up to its last transaction. */
  async *next(): AsyncGenerator<ReplayChunk, void, undefined> {
    for (let chunk = await this.#take(); chunk !== undefined; chunk = await this.#take()) {
      const last = chunk.transactions.find((transaction) => this.#isLast(transaction))
      if (last === undefined) {
        yield chunk
        continue
      }
      const { events, transactions } = chunk
      this.#rest = {
        events: events.filter(({ offset }) => offset >= last.end),
        transactions: transactions.filter(({ start }) => start >= last.end),
      }
      yield {
        events: events.filter(({ offset }) => offset < last.end),
        transactions: transactions.filter(({ start }) => start < last.end),
      }
      return
    }
  }

  async #take(): Promise<ReplayChunk | undefined> {
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined) return rest
    const next = await this.#chunks.next()
    if (next.done === true) this.#isAtEnd = true
    return next.done === true ? undefined : next.value
  }
}
