import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import type { TransactionRef } from '../coordinates/transaction-ref.ts'
import type { RestoreFacts } from './restore-facts.ts'

/** Writes a report for a person. */
export function restoreReportText(report: RestoreFacts): string {
  const { target, image, transactions, rows, replayer, isolation, earlier } = report
  const { resumedAt, rowsCompared, skipped, warnings, phases } = report
  const took = Object.entries(phases).map(([phase, ms]) => `${phase} ${seconds(ms)}`)
  return [
    `restored and proved ${target.address} (${target.version})${earlier ? ', in an earlier run' : ''}`,
    `  plan            ${report.planHash}`,
    `  image           ${image.id}, ${count(image.bytes)} bytes`,
    `  replayed        ${count(transactions)} transactions with ${count(rows)} rows, by ${replayer}`,
    ...(rowsCompared === undefined ? [] : [`  compared        ${count(rowsCompared)} rows, before they were changed`]),
    ...(resumedAt === undefined ? [] : [`  resumed at      ${formatBinlogPosition(resumedAt)}, behind an earlier run`]),
    `  last applied    ${describe(report.lastApplied, 'end')}`,
    ...skipped.map((transaction) => `  skipped         ${describe(transaction, 'start')}`),
    `  first left out  ${describe(report.firstLeftOut, 'start')}`,
    ...(report.executedGtids === undefined ? [] : [`  executed GTIDs  ${report.executedGtids || 'none'}`]),
    `  isolation       ${isolation === 'lifted' ? 'lifted' : 'kept; lift it with releaseTarget(server)'}`,
    `  took            ${took.join(', ')}`,
    ...warnings.map((warning) => `  warning: ${warning}`),
  ].join('\n')
}

function describe(transaction: TransactionRef | undefined, side: 'start' | 'end'): string {
  if (transaction === undefined) return 'none'
  const { gtid, commitTime } = transaction
  const place = `${side === 'end' ? 'up to' : 'from'} ${formatBinlogPosition(transaction[side])}`
  return `${String(commitTime)}  ${gtid ?? ''}${gtid === undefined ? '' : '  '}${place}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function count(value: number): string {
  return value.toLocaleString('en')
}
