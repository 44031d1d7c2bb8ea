import { createHash } from 'node:crypto'
import type { Session } from './session.ts'

/** Two moments of each month of these years tell zones apart; the rules of years past do not change any more. */
const YEARS = { from: 1990, to: 2025 } as const
const DAYS = [1, 15] as const

/**
 * The zone a server calls `SYSTEM`, as text that is equal for equal zones: its offsets from UTC, and when they change a
 * hash of their history. Its name says less: `CEST` and `CET` are one zone, read from servers started in summer and in
 * winter. See [time zone support](https://dev.mysql.com/doc/refman/en/time-zone-support.html).
 */
export async function systemTimeZone(session: Session): Promise<string> {
  await session.query("SET SESSION time_zone = 'SYSTEM'")
  try {
    const moments = sampledSeconds()
    const columns = moments.map((second) => `FROM_UNIXTIME(${second})`)
    const texts = ((await session.value(`SELECT CONCAT_WS(',', ${columns.join(', ')})`)) ?? '').split(',')
    return describeOffsets(moments.map((second, i) => offsetMinutes(second, texts[i] ?? '')))
  } finally {
    await session.query("SET SESSION time_zone = '+00:00'")
  }
}

function sampledSeconds(): readonly number[] {
  const seconds: number[] = []
  for (let year = YEARS.from; year <= YEARS.to; year++) {
    for (let month = 0; month < 12; month++) {
      for (const day of DAYS) seconds.push(Date.UTC(year, month, day, 12) / 1000)
    }
  }
  return seconds
}

function offsetMinutes(second: number, local: string): number {
  return (Date.parse(`${local.slice(0, 19).replace(' ', 'T')}Z`) / 1000 - second) / 60
}

function describeOffsets(offsets: readonly number[]): string {
  const distinct = [...new Set(offsets)].toSorted((a, b) => a - b).map(formatOffset)
  if (distinct.length === 1) return distinct[0] ?? ''
  const history = createHash('sha256').update(offsets.join(',')).digest('hex').slice(0, 16)
  return `${distinct.join('/')} ${history}`
}

function formatOffset(minutes: number): string {
  const size = Math.abs(minutes)
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`
}
