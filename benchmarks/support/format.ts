import type { BenchResult, Cell, Goal } from './bench-result.ts'

/** The table as text, one line a row, columns aligned. */
export function formatTable({ columns, rows }: Pick<BenchResult, 'columns' | 'rows'>): string {
  const lines = [columns, ...rows].map((row) => row.map(formatCell))
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const isNumeric = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'))
  const align = (cell: string, i: number): string =>
    isNumeric[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  const [head = '', ...body] = lines.map((line) => line.map(align).join('  ').trimEnd())
  return [head, rule, ...body].join('\n')
}

/** `GOAL <what> <figure> >= <goal> met|missed`, the line a script may look for. */
export function formatGoal(goal: Goal): string {
  const { what, figure, comparison } = goal
  return `GOAL ${what} ${formatCell(figure)} ${comparison} ${formatCell(goal.goal)} ${isMet(goal) ? 'met' : 'missed'}`
}

/** Decides on the figure itself, not on its rounded text. */
export function isMet({ figure, comparison, goal }: Goal): boolean {
  if (!Number.isFinite(figure)) return false
  return comparison === '>=' ? figure >= goal : figure <= goal
}

function formatCell(cell: Cell): string {
  return typeof cell === 'string' ? cell : String(Math.round(cell * 100) / 100)
}
