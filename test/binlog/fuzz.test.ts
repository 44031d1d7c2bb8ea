import fc from 'fast-check'
import { describe, expect, inject, test } from 'vitest'
import { classifyStatement } from '../../src/binlog/statement.ts'
import { fixture, FIXTURES } from './support.ts'
import { damage, damages } from './fuzz/log-edit.ts'
import { outcomeOf } from './fuzz/outcome.ts'
import { joinLog, signEvents, splitLog } from './fuzz/split-log.ts'
import { statements } from './fuzz/statements.ts'

// A failure prints fast-check's seed and path, and the damage, which `damage` repeats.
const CASES = inject('tier') === 'full' ? 1_000_000 : 20_000
const STATEMENTS = inject('tier') === 'full' ? 500_000 : 5000
const MASKS = [1, 2, 4, 8, 16, 32, 64, 128, 127, 255]
const TIMEOUT_MS = 1_800_000
/** The CI tier takes only every ninth byte of larger ones. */
const LARGE_LOG_BYTES = 3000
/** Processor time far beyond what any case takes: what takes longer, hangs. */
const HANG_MICROSECONDS = 5_000_000

describe('a damaged log is read, or is an error that names file and offset', () => {
  test(`in ${CASES} cases of damage behind right checksums`, { timeout: TIMEOUT_MS }, () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(damages, (each) => {
        seen.add(outcomeWithin(damage(each), each.chunkBytes))
      }),
      { numRuns: CASES },
    )
    // The others are rarer, and may not come.
    expect([...seen]).toEqual(expect.arrayContaining(['read', 'CorruptBinlog', 'TruncatedBinlog', 'UnsupportedEvent']))
  })

  test.each(FIXTURES)('with every byte of %s changed, behind a right checksum', { timeout: TIMEOUT_MS }, (name) => {
    const { events, hasChecksums } = splitLog(fixture(name))
    const joined = joinLog(events, hasChecksums)
    expect(joined.bytes).toEqual(fixture(name))
    const step = inject('tier') === 'ci' && joined.bytes.length > LARGE_LOG_BYTES ? 9 : 1
    const masks = inject('tier') === 'ci' ? 2 : MASKS.length
    let cases = 0
    let read = 0
    for (let at = 0; at < joined.bytes.length; at += step) {
      const changed = joined.events.filter(({ start, end }) => start <= at && at < end)
      for (let i = 0; i < masks; i++, cases++) {
        const bytes = Buffer.from(joined.bytes)
        bytes[at]! ^= MASKS[cases % MASKS.length]!
        signEvents({ bytes, events: changed }, hasChecksums)
        if (outcomeWithin(bytes, bytes.length) === 'read') read++
      }
    }
    // Nobody can notice other values in rows and names.
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(cases)
  })
})

test(`the classifier reads any text in time, in ${STATEMENTS} cases`, { timeout: TIMEOUT_MS }, () => {
  fc.assert(
    fc.property(statements, ({ sql, database, options }) => {
      const { changes, kind } = classifyStatement(sql, database, options)
      expect(kind).toBeTypeOf('string')
      for (const change of changes) expect(change.database).not.toBe('')
    }),
    { numRuns: STATEMENTS },
  )
})

function outcomeWithin(bytes: Buffer, chunkBytes: number): string {
  const began = process.cpuUsage()
  const outcome = outcomeOf(bytes, chunkBytes)
  expect(process.cpuUsage(began).user).toBeLessThan(HANG_MICROSECONDS)
  return outcome
}
