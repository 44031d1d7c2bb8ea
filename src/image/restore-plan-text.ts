// Not from the root of the package: that loads all of it, a second at every start.
import { formatDistanceStrict } from 'date-fns/formatDistanceStrict'
import { formatBinlogPosition } from '../coordinates/binlog-position.ts'
import { instantToNanoseconds } from '../coordinates/instant.ts'
import type { LaterChanges, PlannedTransaction, RestorePlanParts, Skipped } from './restore-plan-parts.ts'
import { describeRestoreTarget } from './restore-target.ts'
import { describeOnly } from './restored-tables.ts'
import { tableName } from './touched.ts'
import type { TableChange } from './touched.ts'

/** Enough to recognize a transaction by. */
const TABLES_SHOWN = 5
/** More skipped transactions than a person looks at one by one; the JSON has all. */
const SKIPPED_SHOWN = 20

/** One line of the text: a label, and what belongs to it, one or more lines. */
type Row = readonly [label: string, ...lines: string[]]

/** A plan for a person: aligned columns, UTC times. */
export function restorePlanText(plan: RestorePlanParts, hash: string): string {
  const rows: Row[] = [
    ['Restore to', describeRestoreTarget(plan.target), ...ambiguity(plan)],
    ...only(plan),
    ['Resolution', resolution(plan)],
    ...image(plan),
    ...notIncluded(plan),
    ...replay(plan),
    ...skipped(plan),
    ['Last included', ...transaction(plan, plan.lastIncluded, 'none known from the archived log')],
    [
      'First left out',
      ...transaction(plan, plan.firstExcluded, 'none known: the archived log has no later transaction here'),
    ],
    ...leftOut(plan),
    ...plan.warnings.map((warning): Row => ['Warning', warning]),
    ['Archive', `${plan.archiveId}, timeline ${plan.timelineId}`],
    ['Plan', hash],
  ]
  const width = Math.max(...rows.map(([label]) => label.length)) + 2
  return rows.flatMap((row) => indented(row, width)).join('\n')
}

function indented([label, ...lines]: Row, width: number): string[] {
  return lines.map((line, i) => `${(i === 0 ? label : '').padEnd(width)}${line}`)
}

function ambiguity({ ambiguous }: RestorePlanParts): string[] {
  if (ambiguous === undefined) return []
  return [`the ${ambiguous} place in the log that fits, should commit times not follow its order`]
}

function only({ only: chosen }: RestorePlanParts): Row[] {
  return chosen === undefined ? [] : [['Only', describeOnly(chosen)]]
}

function resolution({ resolution: unit, target }: RestorePlanParts): string {
  if (unit === 'microsecond') return 'microsecond: commit times are compared exactly'
  if (target.kind !== 'time') return 'second: commit times are recorded by the second'
  return target.exclusive === true
    ? 'second: nothing that committed in that second is included'
    : 'second: all that committed in that second is included'
}

function image({ image: { id, backup, position, startTime }, bytes }: RestorePlanParts): Row[] {
  const { method, tool, server, scope, parts } = backup
  const what = scope === 'all' ? 'all databases' : `only the databases ${scope.databases.join(', ')}`
  return [
    ['Image', id, `taken at ${startTime.toString()}, at ${formatBinlogPosition(position)}`],
    [
      'Backup',
      `${formatBytes(bytes.backup)} in ${plural(parts.length, 'part')}: ${what}`,
      `taken with ${method} (${tool.program} ${tool.version}) from server ${server.serverId}, version ${server.version}`,
    ],
  ]
}

function notIncluded({ image: { backup } }: RestorePlanParts): Row[] {
  const [first, ...others] = backup.notIncluded
  return first === undefined ? [] : [['Not in backup', first, ...others]]
}

function replay(plan: RestorePlanParts): Row[] {
  const { segments, start, stop, bytes, counts } = plan
  if (segments.length === 0) return [['Binary log', 'nothing to replay: the target is the image itself']]
  const stored = segments.reduce((sum, { blob }) => sum + blob.stored.bytes, 0)
  const files = new Set(segments.map(({ fileId }) => fileId)).size
  return [
    ['Replay from', formatBinlogPosition(start.position)],
    ['Replay to', formatBinlogPosition(stop.position)],
    [
      'Binary log',
      `${plural(counts.transactions, 'transaction')}, ${plural(counts.rows, 'row')}, ${formatBytes(bytes.binlog)}`,
      `from ${plural(segments.length, 'segment')} of ${plural(files, 'file')}, ${formatBytes(stored)} stored`,
    ],
  ]
}

function transaction(plan: RestorePlanParts, found: PlannedTransaction | undefined, none: string): string[] {
  if (found === undefined) return [none]
  const { gtid, start, commitTime, tables, statement } = found
  const name = gtid === undefined ? '' : `, GTID ${gtid}`
  return [
    `${commitTime.toString()}${distanceToTarget(plan, found)}`,
    `at ${formatBinlogPosition(start)}${name}`,
    ...(tables === undefined || tables.length === 0 ? [] : [`touches ${listed(tables)}`]),
    ...(statement === undefined ? [] : [statement]),
  ]
}

function listed(tables: readonly string[]): string {
  const more = tables.length - TABLES_SHOWN
  return more > 0 ? `${tables.slice(0, TABLES_SHOWN).join(', ')} and ${more} more` : tables.join(', ')
}

function skipped(plan: RestorePlanParts): Row[] {
  if (plan.skipped === undefined) return []
  const { transactions, later } = plan.skipped
  const more = transactions.length - SKIPPED_SHOWN
  return [
    ...transactions
      .slice(0, SKIPPED_SHOWN)
      .map((each): Row => ['Skipped', ...transaction(plan, { ...each, tables: each.changes.map(rowsOf) }, '')]),
    ...(more > 0 ? [['', `and ${more} more`] as const] : []),
    ['Changed later', ...(later.length === 0 ? [NOT_CHANGED_LATER] : [...later.map(changedBy), MAY_NOT_FIT])],
    ...skippedGtids(plan.skipped, plan),
  ]
}

const NOT_CHANGED_LATER = 'nothing that is replayed behind it touches the same tables'
const MAY_NOT_FIT = 'These may be refused, and the restore fails then; or leave content that never existed.'

function rowsOf(change: TableChange): string {
  const { inserted, updated, deleted } = change
  const rows = Object.entries({ inserted, updated, deleted }).filter(([, count]) => count > 0)
  const counts = rows.map(([verb, count]) => `${plural(count, 'row')} ${verb}`)
  return `${tableName(change)}${counts.length === 0 ? '' : ` (${counts.join(', ')})`}`
}

function changedBy({ table, transactions, first: [first] }: LaterChanges): string {
  const what = table ?? 'nobody knows which tables,'
  const such = first === undefined ? '' : `, from ${first.gtid ?? formatBinlogPosition(first.start)} on`
  return `${what} by ${plural(transactions, 'transaction')}${such}`
}

function skippedGtids({ transactions, gtids: wanted }: Skipped, { gtids }: RestorePlanParts): Row[] {
  const all = transactions.flatMap(({ gtid }) => gtid ?? [])
  const missing = all.filter((gtid) => gtids?.replayed.includes(gtid) !== true)
  if (all.length === 0) return []
  if (missing.length === 0) return [['Their GTIDs', 'count as executed: later ones of their domain are replayed']]
  if (wanted === 'executed') return [['Their GTIDs', 'are counted as executed at the end']]
  return [
    [
      'Their GTIDs',
      `${listed(missing)}: not executed on the target, which would fetch them from a server that has them`,
    ],
  ]
}

function leftOut({ leftOut: { transactions, rows, bytes } }: RestorePlanParts): Row[] {
  if (transactions + rows === 0) return []
  const what = `${plural(transactions, 'transaction')}, ${plural(rows, 'row')}, ${formatBytes(bytes)}`
  return [['Not replayed', `${what}: of what is not restored`]]
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

// For a reader who must judge at a glance: "2 minutes before the target".
function distanceToTarget({ target }: RestorePlanParts, { commitTime }: PlannedTransaction): string {
  if (target.kind !== 'time') return ''
  const at = Number(instantToNanoseconds(target.at) / 1_000_000n)
  const time = commitTime.toDate().getTime()
  if (Math.abs(at - time) < 1000) return '  (within a second of the target)'
  return `  (${formatDistanceStrict(time, at)} ${time < at ? 'before' : 'after'} the target)`
}
