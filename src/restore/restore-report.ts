import type { BinlogPosition } from '../coordinates/binlog-position.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { RestoredImage, RestoredTarget, RestoreFacts, RestorePhase } from './restore-facts.ts'
import { restoreReportText } from './restore-report-text.ts'

/**
 * What a restore did and proved.
 *
 * @example
 * ```ts
 * const report = await manager.restore(plan, { into: { kind: 'server', server } })
 * console.log(report.toText())
 * console.log(report.transactions, report.lastApplied?.gtid)
 * ```
 */
export class RestoreReport implements RestoreFacts {
  readonly planHash: string
  readonly image: RestoredImage
  readonly target: RestoredTarget
  readonly replayer: string
  readonly transactions: number
  readonly rowEvents: number
  readonly rows: number
  readonly lastApplied?: TransactionRef | undefined
  readonly firstLeftOut?: TransactionRef | undefined
  readonly skipped: readonly TransactionRef[]
  readonly executedGtids?: string | undefined
  readonly isolation: 'lifted' | 'kept'
  readonly earlier: boolean
  readonly resumedAt?: BinlogPosition | undefined
  readonly rowsCompared?: number | undefined
  readonly warnings: readonly string[]
  readonly phases: Readonly<Partial<Record<RestorePhase, number>>>

  /** Makes a report of its facts. */
  constructor(facts: RestoreFacts) {
    this.planHash = facts.planHash
    this.image = facts.image
    this.target = facts.target
    this.replayer = facts.replayer
    this.transactions = facts.transactions
    this.rowEvents = facts.rowEvents
    this.rows = facts.rows
    this.lastApplied = facts.lastApplied
    this.firstLeftOut = facts.firstLeftOut
    this.skipped = facts.skipped
    this.executedGtids = facts.executedGtids
    this.isolation = facts.isolation
    this.earlier = facts.earlier
    this.resumedAt = facts.resumedAt
    this.rowsCompared = facts.rowsCompared
    this.warnings = facts.warnings
    this.phases = facts.phases
  }

  /** The report for a person. Times are UTC. */
  toText(): string {
    return restoreReportText(this)
  }
}
