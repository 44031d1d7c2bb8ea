import type { Transaction } from '../../binlog/transaction.ts'
import { formatBinlogPosition } from '../../coordinates/binlog-position.ts'
import type { TransactionRef } from '../../coordinates/transaction-ref.ts'
import type { RestorePlan } from '../../image/restore-plan.ts'
import { planMismatch } from '../plan-mismatch.ts'
import type { PlannedFile } from './planned-file.ts'

/** Finds the transactions that a plan skips in its log: each of them once, and as the plan says. */
export class SkippedInLog {
  readonly #left: Map<string, TransactionRef>

  constructor({ skipped }: Pick<RestorePlan, 'skipped'>) {
    this.#left = new Map(skipped?.transactions.map((ref) => [keyOf(ref.fileId, ref.start.offset), ref]))
  }

  /** Whether a transaction of the log is skipped. Throws `PlanMismatch` when it is not the one the plan means. */
  takes({ start, end, gtid }: Transaction, { fileId, file }: Pick<PlannedFile, 'fileId' | 'file'>): boolean {
    const key = keyOf(fileId, start)
    const planned = this.#left.get(key)
    if (planned === undefined) return false
    if (planned.end.offset !== end || planned.gtid !== gtid) {
      const at = formatBinlogPosition({ file, offset: start })
      throw planMismatch(at, `the transaction to skip at ${at} is another one in the archive`)
    }
    return this.#left.delete(key)
  }

  /** The log was read. Throws `PlanMismatch` when one was not in it. */
  requireAllMet(): void {
    for (const { start } of this.#left.values()) {
      const at = formatBinlogPosition(start)
      throw planMismatch(at, `no transaction that it replays begins at ${at}, where it skips one`)
    }
  }
}

function keyOf(fileId: string, offset: number): string {
  return `${fileId}:${offset}`
}
