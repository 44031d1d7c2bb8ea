import { GtidAccumulator } from '../../../binlog/gtid-accumulator.ts'
import type { Transaction } from '../../../binlog/transaction.ts'
import type { GtidSet } from '../../../coordinates/gtid-set.ts'
import { parseGtidSet } from '../../../coordinates/parse-gtid-set.ts'
import { PitrError } from '../../../errors.ts'
import type { Server } from '../../../server/server.ts'
import type { Session } from '../../../server/session.ts'

/** So many holes until they are filled in: each splits the executed set once more, and a set of very many is slow. */
const HOLES_UNTIL_FILL_IN = 1000

/**
 * The GTIDs of transactions that were applied as a part of a later one. The server counts only the later one as executed;
 * the others are filled in, behind a proof that it had executed what was sent until then, and nothing else.
 */
export class JoinedGtids {
  readonly #server: Server
  #proved: GtidSet
  #committed: GtidAccumulator
  #all: GtidAccumulator
  #holes = 0

  /** @param executed what the server has executed before the replay */
  constructor(server: Server, executed: string) {
    this.#server = server
    this.#proved = parseGtidSet(server.flavor, executed)
    this.#committed = new GtidAccumulator(server.flavor)
    this.#all = new GtidAccumulator(server.flavor)
  }

  /** Transactions that were applied as one, which had the GTID of the last one. */
  add(transactions: readonly Pick<Transaction, 'gtid'>[]): void {
    const last = transactions.at(-1)?.gtid
    if (last !== undefined) this.#committed.add(last)
    for (const { gtid } of transactions) if (gtid !== undefined) this.#all.add(gtid)
    if (transactions.length > 1) this.#holes++
  }

  /** Whether it is time to fill in, in whatever file the replay is. */
  get isDue(): boolean {
    return this.#holes >= HOLES_UNTIL_FILL_IN
  }

  /** Adds what is missing. Throws `ProofFailed` when the server has not executed exactly what was sent. */
  async fillIn(session: Session): Promise<void> {
    const { dialect, flavor } = this.#server
    const expected = this.#proved.union(this.#committed.set)
    const text = await dialect.executedGtids(session)
    if (!parseGtidSet(flavor, text).equals(expected)) throw notExecuted(text, expected)
    const all = this.#all.set
    await dialect.addExecutedGtids(session, all.subtract(this.#committed.set).toString())
    this.#proved = this.#proved.union(all)
    this.#committed = new GtidAccumulator(flavor)
    this.#all = new GtidAccumulator(flavor)
    this.#holes = 0
  }
}

function notExecuted(found: string, expected: GtidSet): PitrError {
  return new PitrError('ProofFailed', {
    subject: 'executed GTIDs',
    message: `the target has executed "${found}" in the middle of the replay, "${String(expected)}" was sent`,
    hint: 'Somebody else may have written to the target. Run the same restore again.',
    details: { found, expected: expected.toString() },
  })
}
