import type { Progress } from '../index.ts'

/** Draws progress on one line of a terminal, or one line a finished phase where there is no terminal. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream
  #drawn = false

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** Shows one report. */
  readonly show = (progress: Progress): void => {
    const text = describeProgress(progress)
    if (!this.#out.isTTY) {
      if (progress.status === 'finished') this.#out.write(`${text}\n`)
      return
    }
    this.#out.write(`\r\u001b[K${text.slice(0, this.#out.columns - 1)}`)
    this.#drawn = progress.status !== 'finished'
    if (progress.status === 'finished') this.#out.write('\n')
  }

  /** Leaves the line, so that other output starts on its own. */
  close(): void {
    if (this.#drawn) this.#out.write('\n')
    this.#drawn = false
  }
}

/** One report in words: `restore:replay  binlog.000002  45.2 %  12.3 MB  8,211 transactions  3 s left`. */
export function describeProgress(progress: Progress): string {
  const { kind, status, subject, bytes, percent, transactions, remainingMs, elapsedMs } = progress
  const parts = [kind.padEnd(15), subject]
  if (percent !== undefined) parts.push(`${percent.toFixed(1)} %`)
  if (bytes > 0) parts.push(formatBytes(bytes))
  if (transactions !== undefined) parts.push(`${transactions.toLocaleString('en')} transactions`)
  if (status === 'finished') parts.push(formatSeconds(elapsedMs))
  else if (remainingMs !== undefined) parts.push(`${formatSeconds(remainingMs)} left`)
  return parts.join('  ')
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  // Rounded first: 999,960 bytes are 1.0 MB, not 1000.0 kB.
  const rounded = Number(bytes.toPrecision(4))
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(rounded) / 3))
  return `${(rounded / 1000 ** power).toFixed(1)} ${UNITS[power]}`
}

function formatSeconds(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
