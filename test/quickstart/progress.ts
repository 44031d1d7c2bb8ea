import type { Progress } from '../../src/index.ts'
import { seconds } from './narrator.ts'

/** A listener that tells each phase of an operation once, when it is finished. */
export function tellPhases(tell: (line: string) => void): (progress: Progress) => void {
  return ({ kind, status, subject, bytes, transactions, percent, elapsedMs, remainingMs }) => {
    if (status === 'started' || (status === 'running' && (percent ?? 0) === 0)) return
    const done = status === 'finished' ? `done in ${seconds(elapsedMs)}` : `${percent ?? 0} %`
    const left = status === 'running' && remainingMs !== undefined ? `, ${seconds(remainingMs)} left` : ''
    const work = [
      ...(bytes > 0 ? [`${(bytes / 1e6).toFixed(1)} MB`] : []),
      ...(transactions === undefined ? [] : [`${transactions.toLocaleString('en')} transactions`]),
    ]
    tell(
      [kind.padEnd(16), `${done}${left}`, work.join(', '), status === 'running' ? subject : '']
        .filter(Boolean)
        .join('  '),
    )
  }
}
