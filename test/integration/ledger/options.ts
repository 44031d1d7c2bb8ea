import { tier } from '../../support/flavor.ts'

/** How many targets are restored in a run of this tier; `npm run test:oracle -- --targets N` decides for itself. */
export const TARGETS: number = numberOf('MYSQL_PITR_ORACLE_TARGETS') ?? (tier === 'full' ? 60 : 26)

/** Decides what the connections do and which targets are picked; when things happen is up to the machine. */
export const SEED: number = numberOf('MYSQL_PITR_ORACLE_SEED') ?? 20_261_121

function numberOf(variable: string): number | undefined {
  const text = process.env[variable]
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${variable} is a whole number, not ${text}`)
  return Number(text)
}
