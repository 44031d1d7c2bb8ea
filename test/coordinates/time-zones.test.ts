import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ZONES = ['UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']

/** Local times that clocks show twice, or never, each with the offset that says which moment is meant. */
const MOMENTS: Readonly<Record<string, string>> = {
  '2026-11-01T01:30:00-04:00': '2026-11-01T05:30:00Z',
  '2026-11-01T01:30:00-05:00': '2026-11-01T06:30:00Z',
  '2026-10-25T02:30:00+02:00': '2026-10-25T00:30:00Z',
  '2026-10-25T02:30:00+01:00': '2026-10-25T01:30:00Z',
  '2026-03-29T02:30:00+01:00': '2026-03-29T01:30:00Z',
  '2026-04-05T01:45:00+11:00': '2026-04-04T14:45:00Z',
  '2026-04-05T01:45:00+10:30': '2026-04-04T15:15:00Z',
  '2011-12-30T12:00:00.123456+14:00': '2011-12-29T22:00:00.123456Z',
}

test('a moment and the plan for it are the same in every time zone, also where clocks go back', async () => {
  const run = promisify(execFile)
  const printed = await Promise.all(
    ZONES.map(async (zone) => {
      const script = new URL('time-zones.fixture.ts', import.meta.url).pathname
      const args = [script, ...Object.keys(MOMENTS)]
      return (await run(process.execPath, args, { env: { ...process.env, TZ: zone } })).stdout
    }),
  )
  expect(new Set(printed).size).toBe(1)
  const outcomes = JSON.parse(printed[0]!) as readonly {
    readonly at: string
    readonly time: string
    readonly text: string
  }[]
  expect(Object.fromEntries(outcomes.map(({ at, time }) => [at, time]))).toEqual(MOMENTS)
  for (const { time, text } of outcomes) expect(text).toContain(time)
})
